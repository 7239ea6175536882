"""What French writes short: abbreviations, titles, units."""

from voice.text.reading.values import by_word, noun, table

ABBREVIATIONS = table(
    "etc. et cetera, suiv. suivantes, A/R aller-retour, à_g. à gauche, à_dr. à droite, anniv. anniversaire, a.p. après prolongation, av._J.C. avant Jésus-Christ, apr._J.C. après Jésus-Christ, ap._J.C. après Jésus-Christ, éts établissements, "
    "éts. établissements, p._ex. par exemple, p.ex. par exemple, par_ex. par exemple, c.-à-d. c'est-à-dire, "
    "c-à-d c'est-à-dire, càd c'est-à-dire, s.v.p. s'il vous plaît, svp s'il vous plaît, stp s'il te plaît, "
    "av._J.-C. avant Jésus-Christ, av._JC avant Jésus-Christ, av._J-C avant Jésus-Christ, "
    "apr._J.-C. après Jésus-Christ, ap._J.-C. après Jésus-Christ, ap._JC après Jésus-Christ, apr._JC après Jésus-Christ, "
    "J.-C. Jésus-Christ, env. environ, approx. approximativement, tél. téléphone, tél téléphone, "
    "qqch. quelque chose, qqch quelque chose, qqn quelqu'un, qqs quelques, cf. voir, cf voir, N.B. nota bene, NB nota bene, "
    "P.-S. post-scriptum, P.S. post-scriptum, r.-d.-c. rez-de-chaussée, "
    "min. minimum, max. maximum, moy. moyenne, Cie compagnie, Ets établissements, Sté société, vs contre, vs. contre, "
    "dépt. département, dép. département, hab. habitants, pers. personnes, MM. Messieurs, Mme Madame, Mmes Mesdames, Mlle Mademoiselle, "
    "Mlles Mesdemoiselles, Vve veuve, rdv rendez-vous, R.-V. rendez-vous, R.V. rendez-vous, bcp beaucoup, tjs toujours, "
    "tjrs toujours, resp. respectivement, ibid. ibidem, op._cit. opere citato, N.D.L.R. note de la rédaction, "
    "n.d.l.r. note de la rédaction, NDLR note de la rédaction, N.D.T. note du traducteur, "
    "c.-à-s. cuillère à soupe, c._à_s. cuillères à soupe, c.à.s. cuillères à soupe, c._à_c. cuillères à café, "
    "c.à.c. cuillères à café, trim. trimestre, réf. référence, "
    "rens. renseignements, rép. réponse, arr. arrondissement, arrdt arrondissement, t.a.b tirs au but, t.a.b. tirs au but, info. information, infos. informations, bibl. bibliothèque, coll. collection, "
    "suppl. supplément, temp. température, qté quantité, nb nombre, nbre nombre, bât. bâtiment, appt. appartement, "
    "appt appartement, apt. appartement, apt appartement, ét. étage, c/o aux bons soins de, "
    "S.M. Sa Majesté, S._M. Sa Majesté, LL.MM. Leurs Majestés, S.A.R. Son Altesse Royale, "
    "R.P. révérend père, N.-D. Notre-Dame, l/100_km litres aux cent kilomètres, "
    "U.E. Union européenne, É.-U. États-Unis, E.-U. États-Unis, éd. éditions, Éd. éditions, dir. directeur, "
    "adj. adjoint, auj. aujourd'hui, id. idem, incl. inclus, n.c. non communiqué, Pdt président, Pdte présidente, "
    "chap. chapitre, réal. réalisateur"
)

TITLES = table(
    "M. Monsieur, Dr docteur, Drs docteurs, Dre docteure, Pr professeur, Prs professeurs, Pre professeure, "
    "Prof professeur, Me maître, Mgr monseigneur, St Saint, Ste Sainte, Sts Saints, Stes Saintes, bd boulevard, boul boulevard, "
    "blvd boulevard, bvd boulevard, av avenue, ave avenue, pl place, fg faubourg, fbg faubourg, imp impasse, rte route, "
    "sq square, r. rue, rés résidence, lot lotissement, Cdt commandant, Gal général, Gén général, Col colonel, "
    "Cel colonel, Cap capitaine, Cne capitaine, Lt lieutenant, Ltt lieutenant, Sgt sergent, Adj adjudant, Mal maréchal, "
    "Amal amiral, all allée, chem chemin, che chemin, Cte comte, Ctesse comtesse, Vte vicomte, Mis marquis, "
    "Fr. frère, Sr. sœur, Pce prince, Bx bienheureux, mtée montée, psg passage, crs cours, esc escalier, bât bâtiment"
)
"""With or without a full stop, before a name."""

BEFORE_NUMBER = table(
    "n° numéro, nº numéro, n numéro, no numéro, num numéro, nᵒˢ numéros, p page, pp pages, pg page, vol volume, "
    "chap chapitre, ch chapitre, art article, arts articles, fig figure, t tome, éd édition, env environ, al alinéa, "
    "alin alinéa, tab tableau, sect section, r. rue, v. vers, ép épisode, th thermostat, épis épisode, "
    "ext poste, bp boîte postale, BP boîte postale, CP code postal, bât bâtiment, apt appartement, "
    "appt appartement, max maximum, min minimum, dept département, dép département, "
    "réf référence, ex exercice"
)

UNITS = by_word(
    (noun("gigaoctet|gigaoctets"), "Go"),
    (noun("mégaoctet|mégaoctets"), "Mo"),
    (noun("kilooctet|kilooctets"), "Ko ko"),
    (noun("téraoctet|téraoctets"), "To"),
    (noun("pétaoctet|pétaoctets"), "Po"),
    (noun("gigaoctet par seconde|gigaoctets par seconde"), "Go/s"),
    (noun("mégaoctet par seconde|mégaoctets par seconde"), "Mo/s"),
    (noun("gigabit par seconde|gigabits par seconde"), "Gbit/s Gb/s Gbps"),
    (noun("mégabit par seconde|mégabits par seconde"), "Mbit/s Mb/s Mbps"),
    (noun("kilobit par seconde|kilobits par seconde"), "kbit/s kb/s kbps"),
    (noun("kilogramme|kilogrammes"), "Kg"),
    (noun("kilomètre|kilomètres"), "Km"),
    (noun("kilomètre heure|kilomètres heure"), "km/h Km/h kmh"),
    (noun("kilomètre par seconde|kilomètres par seconde"), "km/s"),
    (noun("tour par minute|tours par minute"), "tr/min trs/min rpm"),
    (noun("minute|minutes", "f"), "mn min. "),
    (noun("seconde|secondes", "f"), "sec sec."),
    (noun("décibel|décibels"), "dB"),
    (noun("cheval|chevaux"), "ch"),
    (noun("gramme|grammes"), "gr"),
    (noun("kilowattheure|kilowattheures"), "kWh kW/h"),
    (noun("wattheure|wattheures"), "Wh"),
    (noun("mégawattheure|mégawattheures"), "MWh"),
    (noun("gigawattheure|gigawattheures"), "GWh"),
    (noun("térawattheure|térawattheures"), "TWh"),
    (noun("milliampère-heure|milliampères-heure"), "mAh"),
    (noun("ampère-heure|ampères-heure"), "Ah"),
    (noun("newton-mètre|newtons-mètres"), "Nm N·m"),
    (noun("microgramme|microgrammes"), "mcg"),
    (noun("jour|jours"), "j"),
    (noun("point|points"), "pt pts pts."),
    (noun("page|pages", "f"), "p. pp."),
    (noun("année-lumière|années-lumière", "f"), "a.l."),
    (noun("franc|francs"), "F"),
    (noun("franc français|francs français"), "FF"),
    (noun("habitant|habitants"), "hab hab."),
    (noun("personne|personnes", "f"), "pers pers."),
    (noun("mégapixel|mégapixels"), "Mpx Mpix"),
    (noun("degré|degrés"), "°"),
    (noun("pouce|pouces"), "po"),
    (noun("pour mille"), "‰"),
    (noun("partie par million|parties par million", "f"), "ppm"),
    (noun("cuillère à soupe|cuillères à soupe", "f"), "c._à_s. c._à_soupe c.à.s. càs"),
    (noun("cuillère à café|cuillères à café", "f"), "c._à_c. c._à_café c.à.c. càc"),
)
