"""What Spanish writes short: abbreviations, titles, units."""

from voice.text.reading.values import by_word, noun, table

ABBREVIATIONS = table(
    "EE.UU. Estados Unidos, EE._UU. Estados Unidos, EEUU Estados Unidos, EE_UU Estados Unidos, EE.UU Estados Unidos, "
    "E.U.A. Estados Unidos, p._ej. por ejemplo, p.ej. por ejemplo, p.e. por ejemplo, por_ej. por ejemplo, ej. ejemplo, "
    "a._C. antes de Cristo, a.C. antes de Cristo, a._de_C. antes de Cristo, a._de_J._C. antes de Jesucristo, "
    "a.de_C. antes de Cristo, d._C. después de Cristo, d.C. después de Cristo, d._de_C. después de Cristo, "
    "a._n._e. antes de nuestra era, a.n.e. antes de nuestra era, n._e. de nuestra era, etc. etcétera, Ud. usted, Uds. ustedes, "
    "Vd. usted, Vds. ustedes, tel. teléfono, tfno. teléfono, teléf. teléfono, telf. teléfono, aprox. aproximadamente, "
    "vs. contra, vs contra, RR.HH. recursos humanos, RR._HH. recursos humanos, RRHH recursos humanos, "
    "JJ.OO. Juegos Olímpicos, JJ._OO. Juegos Olímpicos, JJOO Juegos Olímpicos, S.A. sociedad anónima, "
    "S._A. sociedad anónima, S.L. sociedad limitada, S._L. sociedad limitada, S.L.U. sociedad limitada unipersonal, "
    "S.A.U. sociedad anónima unipersonal, S._Coop. sociedad cooperativa, dpto. departamento, depto. departamento, izq. izquierda, "
    "izqda. izquierda, dcha. derecha, máx. máximo, mín. mínimo, cía. compañía, c/u cada uno, s/n sin número, "
    "CC.OO. Comisiones Obreras, CC._OO. Comisiones Obreras, CCOO Comisiones Obreras, FF.AA. Fuerzas Armadas, "
    "FF._AA. Fuerzas Armadas, CC.AA. comunidades autónomas, CC._AA. comunidades autónomas, P.D. posdata, P._D. posdata, "
    "N.B. nota bene, q.e.p.d. que en paz descanse, Q.E.P.D. que en paz descanse, D.E.P. descanse en paz, atte. atentamente, "
    "hab. habitantes, cfr. confróntese, cf. confróntese, Vda. viuda, SS._MM. Sus Majestades, SS.MM. Sus Majestades, "
    "S._M. Su Majestad, S.M. Su Majestad, S._A._R. Su Alteza Real, S.A.R. Su Alteza Real, SS._AA._RR. Sus Altezas Reales, "
    "S._S. Su Santidad, S._E. Su Excelencia, C._P. código postal, C.P. código postal, admón. administración, "
    "cta. cuenta, ctvs. centavos, cts. céntimos, ptas. pesetas, bibl. biblioteca, "
    "ed. edición, eds. editores, trad. traducción, ss. siguientes, s.e.u.o. salvo error u omisión, "
    "pza. plaza, V.º_B.º visto bueno, Vº_Bº visto bueno, N._del_T. nota del traductor, N._de_la_R. nota de la redacción, "
    "fra. factura, gtos. gastos, ref. referencia, "
    "tlf. teléfono, tlfno. teléfono, prov. provincia, bco. banco, dto. descuento, dtor. director, "
    "dtora. directora, prof. profesor, "
    "P._S. post scriptum, O._M. orden ministerial, R._D. real decreto, v._gr. verbigracia, i._e. es decir, "
    "Cía. compañía, Hnos. hermanos, pdta. presidenta, vto. vencimiento, pág. página, págs. páginas, núm. número, párr. párrafo, trim. trimestre, i/v ida y vuelta, aniv. aniversario, pró. prórroga, dur. duración, dir. dirección, Sr. señor, Sra. señora, Sres. señores, Sras. señoras, Srta. señorita, Dr. doctor, Dra. doctora, vel. velocidad, temp. temperatura, info. información, pral. principal, entlo. entresuelo"
)

TITLES = table(
    "Sr señor, Sra señora, Srta señorita, Sres señores, Sras señoras, Srtas señoritas, Dr doctor, Dra doctora, "
    "Dres doctores, Dras doctoras, D. don, Dña doña, Da doña, D.ª doña, Dª doña, Prof profesor, Profa profesora, "
    "Prof.ª profesora, Lic licenciado, Lcdo licenciado, Ldo licenciado, Lda licenciada, Ldos licenciados, Lcdos licenciados, Lcda licenciada, Licda licenciada, Ing ingeniero, Arq arquitecto, "
    "Abg abogado, Gral general, Cap capitán, Cte comandante, Cnel coronel, Tte teniente, Sgto sargento, Alm almirante, "
    "Avda avenida, Avd avenida, Av avenida, Pza plaza, Pl plaza, Plza plaza, Ctra carretera, Cl calle, Pso paseo, Pº paseo, "
    "P.º paseo, Rda ronda, Trav travesía, Urb urbanización, Edif edificio, Pje pasaje, Bº barrio, Gta glorieta, "
    "Sto santo, Sta santa, Mons monseñor, Card cardenal, Rvdo reverendo, Rvda reverenda, Fr fray, Hno hermano, "
    "Hna hermana, Hnos hermanos, Excmo excelentísimo, Excma excelentísima, Excmos excelentísimos, Ilmo ilustrísimo, "
    "Ilma ilustrísima, Magfco magnífico, Fdo firmado, Pte presidente, Pdte presidente, Pdta presidenta, Gob gobernador, "
    "Mtro maestro, Mtra maestra, Ayto ayuntamiento, Univ universidad, Dpto departamento, Dir director, Dtor director, "
    "Min ministro, Dip diputado, Sen senador, Sdad sociedad, Fdez Fernández, Gcia García, Hdez Hernández, Mtnez Martínez, "
    "M.ª María, Mª María, Fco Francisco, "
    "esc escalera, pta puerta"
)
"""With or without a full stop, before a name."""

BEFORE_NUMBER = table(
    "núm número, núms números, n.º número, nº número, n° número, n.os números, nos números, pág página, págs páginas, p página, "
    "pp páginas, vol volumen, vols volúmenes, cap capítulo, caps capítulos, art artículo, arts artículos, fig figura, "
    "figs figuras, ed edición, km kilómetro, t tomo, apdo apartado, apto apartamento, ext extensión, párr párrafo, "
    "ep episodio, v. verso, eps episodios, temp temporada, edif edificio, esc escalera, pta puerta, pl planta, bl bloque, "
    "blq bloque, hab habitación, lín línea, vers versículo, tab tabla, secc sección, "
    "sec sección, cód código, CP código postal, c.p código postal, ref referencia, exp expediente, máx máximo, mín mínimo, "
    "aprox aproximadamente"
)

UNITS = by_word(
    (noun("tonelada|toneladas", "f"), "t Tm"),
    (noun("decibelio|decibelios", "m"), "dB"),
    (noun("grado|grados", "m"), "°C º ºC °"),
    (noun("grado Fahrenheit|grados Fahrenheit", "m"), "ºF °F"),
    (noun("gramo|gramos", "m"), "gr grs"),
    (noun("segundo|segundos", "m"), "seg seg. segs"),
    (noun("minuto|minutos", "m"), "min min. mins"),
    (noun("hora|horas", "f"), "hs hrs"),
    (noun("kilogramo|kilogramos", "m"), "Kg Kgs kgs"),
    (noun("kilómetro|kilómetros", "m"), "Km kms Kms"),
    (noun("kilómetro por hora|kilómetros por hora", "m"), "km/h Km/h kmh"),
    (noun("kilómetro por segundo|kilómetros por segundo", "m"), "km/s"),
    (noun("metro|metros", "m"), "mts mts."),
    (noun("caballo|caballos", "m"), "CV cv"),
    (noun("gigabit por segundo|gigabits por segundo", "m"), "Gb/s Gbps Gbit/s"),
    (noun("megabit por segundo|megabits por segundo", "m"), "Mb/s Mbps Mbit/s"),
    (noun("kilobit por segundo|kilobits por segundo", "m"), "kb/s kbps kbit/s"),
    (noun("megabyte por segundo|megabytes por segundo", "m"), "MB/s"),
    (noun("gigabyte por segundo|gigabytes por segundo", "m"), "GB/s"),
    (noun("gigabit|gigabits", "m"), "Gb"),
    (noun("megabit|megabits", "m"), "Mb"),
    (noun("kilovatio hora|kilovatios hora", "m"), "kWh kW/h KWh"),
    (noun("vatio hora|vatios hora", "m"), "Wh"),
    (noun("megavatio hora|megavatios hora", "m"), "MWh"),
    (noun("gigavatio hora|gigavatios hora", "m"), "GWh"),
    (noun("teravatio hora|teravatios hora", "m"), "TWh"),
    (noun("miliamperio hora|miliamperios hora", "m"), "mAh"),
    (noun("amperio hora|amperios hora", "m"), "Ah"),
    (noun("newton metro|newtons metro", "m"), "Nm N·m"),
    (noun("revolución por minuto|revoluciones por minuto", "f"), "rpm r/min"),
    (noun("microgramo|microgramos", "m"), "mcg"),
    (noun("centímetro cúbico|centímetros cúbicos", "m"), "cc c.c."),
    (noun("punto|puntos", "m"), "pts pts. ptos ptos."),
    (noun("página|páginas", "f"), "p. pp. pág. págs. pág págs"),
    (noun("habitante|habitantes", "m"), "hab hab."),
    (noun("persona|personas", "f"), "pers pers."),
    (noun("unidad|unidades", "f"), "ud ud. uds uds."),
    (noun("hectárea|hectáreas", "f"), "ha"),
    (noun("punto por pulgada|puntos por pulgada", "m"), "ppp dpi"),
    (noun("megapíxel|megapíxeles", "m"), "Mpx MP"),
    (noun("partes por millón", "f"), "ppm"),
    (noun("por mil"), "‰"),
    (noun("céntimo|céntimos", "m"), "cts cts. cént."),
    (noun("peseta|pesetas", "f"), "ptas ptas."),
)
