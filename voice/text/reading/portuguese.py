"""Portuguese, as Brazil speaks it: it is the accent of the voices that we have."""

import re
from collections.abc import Sequence
from typing import ClassVar

from voice.text.reading.language import Rule, number_words
from voice.text.reading.notation import Notation
from voice.text.reading.romance import symbols
from voice.text.reading.values import Clock, Date, Found, noun, table, words

_PARTS = {3: "terço", 4: "quarto", 5: "quinto", 6: "sexto", 7: "sétimo", 8: "oitavo", 9: "nono", 10: "décimo"}
_PARTS |= {100: "centésimo", 1000: "milésimo"}


class Portuguese(Notation):
    """See the module."""

    code = "pt"
    weekdays: ClassVar = table(
        "seg segunda-feira, ter terça-feira, qua quarta-feira, qui quinta-feira, sex sexta-feira, sáb sábado, "
        "sab sábado, dom domingo"
    )
    weekday_links, part_links = "a|à|e|ou", r"\sd(?:e|o|a|os|as)\b"
    date_cues = "o|a|em|no|dia|de|do|até|desde|segunda|terça|quarta|quinta|sexta|segunda-feira|sábado|domingo"
    per, over, per_hundred, map_scale, thousand, by = "por", "sobre", " por cem quilômetros", "para", "mil", " por "
    per_nouns: ClassVar = table(
        "mês mês, ano ano, dia dia, semana semana, sem semana, h hora, hora hora, min minuto, minuto minuto, s segundo, "
        "noite noite, pessoa pessoa, pess pessoa, kg quilo, Kg quilo, quilo quilo, g grama, l litro, L litro, "
        "litro litro, t tonelada, km quilômetro, m metro, m² metro quadrado, m2 metro quadrado, m³ metro cúbico, "
        "kWh quilowatt-hora, ha hectare, habitante habitante, hab habitante, unidade unidade, un unidade, aula aula, "
        "sessão sessão, peça peça"
    )
    plural_cues, verse_cues = words("os as em uns umas muitos poucos vários"), "cena|ato|canto|soneto|verso"
    roman_links, sections, hash_key = "e|ou|a|ao", "parágrafos", "jogo da velha"
    to_the_power, ways = "elevado a", "av|pça|trav|rod|al"
    cents: ClassVar = {
        "EUR": noun("cêntimo|cêntimos", "m"),
        "USD": noun("centavo|centavos", "m"),
        "GBP": noun("penny|pence", "m"),
    }
    halves: ClassVar = {"m": "e meio", "f": "e meia"}
    length_link = "e"
    half_before: ClassVar = {"m": "meio", "f": "meia"}
    point, minus, plus, to, ratio, times, percent = "vírgula", "menos", "mais", "a", "a", "vezes", "por cento"
    dot, slash, dash, underscore, at = "ponto", "barra", "hífen", "sublinhado", "arroba"
    number_sign, hashtag, version = "número", "hashtag", "versão"
    and_word, of_scale, money_link = "e", "de", "e"
    day_suffix = r"\.?º"
    day_link = r"\s(?:de\s)?"
    year_link = r",?\s(?:de\s)?"
    half_words = r"[ap]\.?m\b\.?"
    clock_noun = r"h\b|hs\b|hrs\b|horas?"
    clock_h = True
    dot_clock_after = "às|as|pelas|das"
    ordinal_suffix = r"\.?[ºª°]"
    phone_words = "tel|telefone|telemóvel|celular|cel|fax|ligue|liga|ligar|whatsapp|número"
    local_phone = r"0[3589]00[ -][0-9]{3}[ -][0-9]{3,4}(?![0-9])|\([0-9]{2}\)\s?9?[0-9]{4}-[0-9]{4}(?![0-9])|(?!(?:1[0-9]|20)[0-9]{2}-(?:1[0-9]|20)[0-9]{2})9?[0-9]{4}-[0-9]{4}(?![0-9-])"
    roman_before_noun = True
    symbols: ClassVar = symbols(
        "e|igual a|parágrafo|copyright|marca registrada|marca registrada|dividido por|mais ou menos|aproximadamente"
        "|diferente de|menor ou igual a|maior ou igual a|para|graus|por cento|menor que|maior que|cerca de"
        "|raiz quadrada de|infinito|pi|ao quadrado|ao cubo"
    )
    scales: ClassVar = {
        **{key: noun("mil") for key in ("k", "K", "mil")},
        **{key: noun("milhão|milhões", "m") for key in ("M", " M", "mi", "mi.", "milhão", "milhões", "mio")},
        **{key: noun("bilhão|bilhões", "m") for key in ("B", "bi", "bn", "bilhão", "bilhões")},
        **{key: noun("mil milhões") for key in ("mM", "mil milhões")},
        **{key: noun("trilhão|trilhões", "m") for key in ("T", "tri", "trilhão", "trilhões")},
    }
    units: ClassVar = {
        "t": noun("tonelada|toneladas", "f"),
        "kg": noun("quilo|quilos", "m"),
        "Kg": noun("quilo|quilos", "m"),
        "Km": noun("quilômetro|quilômetros", "m"),
        "gr": noun("grama|gramas", "m"),
        "seg": noun("segundo|segundos", "m"),
        "°C": noun("grau|graus", "m"),
        "ºC": noun("grau|graus", "m"),
        "dB": noun("decibel|decibéis", "m"),
        "cv": noun("cavalo|cavalos", "m"),
    }
    unit_genders: ClassVar = dict.fromkeys("h hr hrs t yd lb lbs oz cal kcal".split(), "f")
    currencies: ClassVar = {
        "EUR": (noun("euro|euros", "m"), None),
        "USD": (noun("dólar|dólares", "m"), None),
        "GBP": (noun("libra|libras", "f"), None),
        "JPY": (noun("iene|ienes", "m"), None),
        "BRL": (noun("real|reais", "m"), noun("centavo|centavos", "m")),
        "CHF": (noun("franco suíço|francos suíços", "m"), None),
        "RUB": (noun("rublo|rublos", "m"), None),
        "PLN": (noun("zloty|zlotys", "m"), None),
        "CZK": (noun("coroa tcheca|coroas tchecas", "f"), None),
        "HUF": (noun("forint|forints", "m"), None),
        "TRY": (noun("lira turca|liras turcas", "f"), None),
        "INR": (noun("rupia|rupias", "f"), None),
        "CNY": (noun("yuan|yuans", "m"), None),
    }
    abbreviations: ClassVar = {
        **dict.fromkeys(("p. ex.", "p.ex.", "por ex."), "por exemplo"),
        **dict.fromkeys(("a.C.", "a. C."), "antes de Cristo"),
        **dict.fromkeys(("d.C.", "d. C."), "depois de Cristo"),
        "etc.": "etcétera",
        "tel.": "telefone",
        "aprox.": "aproximadamente",
        "EUA": "Estados Unidos",
        "E.U.A.": "Estados Unidos",
        "V. Exa.": "vossa excelência",
        "V.Exa.": "vossa excelência",
        "Exmo.": "excelentíssimo",
        "Exma.": "excelentíssima",
        "Ltda.": "limitada",
        "Lda.": "limitada",
        "S.A.": "sociedade anônima",
        "vs.": "contra",
        "máx.": "máximo",
        "mín.": "mínimo",
        "obs.": "observação",
        "P.S.": "pós escrito",
        "c/": "com ",
        "s/": "sem ",
        "qtd.": "quantidade",
        "depto.": "departamento",
        "séc.": "século",
        "Cia.": "companhia",
        "p/": "para ",
        "ex.": "exemplo",
        "cf.": "confira",
        "Pça.": "praça",
        "Lgo.": "largo",
    }
    before_name: ClassVar = {
        "Sr": "senhor",
        "Sra": "senhora",
        "Srta": "senhorita",
        "Srs": "senhores",
        "Sras": "senhoras",
        "Dr": "doutor",
        "Dra": "doutora",
        "D.": "dom",
        "Prof": "professor",
        "Profa": "professora",
        "Profª": "professora",
        "Eng": "engenheiro",
        "Enga": "engenheira",
        "Av": "avenida",
        "R.": "rua",
        "Pça": "praça",
        "Al.": "alameda",
        "S.": "são",
        "Sto": "santo",
        "Sta": "santa",
        "Pe": "padre",
        "Gen": "general",
        "Cel": "coronel",
        "Cap": "capitão",
        "Trav": "travessa",
        "Rod": "rodovia",
        "Est.": "estrada",
    }
    before_number: ClassVar = {
        "n.º": "número",
        "nº": "número",
        "n°": "número",
        "n": "número",
        "núm": "número",
        "pág": "página",
        "págs": "páginas",
        "p": "página",
        "v": "verso",
        "pp": "páginas",
        "vol": "volume",
        "cap": "capítulo",
        "art": "artigo",
        "fig": "figura",
        "ed": "edição",
        "séc": "século",
        "km": "quilômetro",
    }
    roman_nouns: ClassVar = frozenset(
        "século séculos capítulo tomo volume parte ato cena artigo título anexo fase tipo classe nível livro".split()
    )
    regnal_names: ClassVar = frozenset(
        "joão pedro luís afonso manuel carlos filipe felipe fernando sebastião dinis sancho duarte henrique josé maria miguel"
        " isabel elisabete elizabeth catarina napoleão pio paulo bento leão francisco jorge guilherme alexandre nicolau".split()
    )
    ungendered: ClassVar = frozenset(
        "das dos que por para com sem como mas mais são está foi entre desde até pela pelo".split()
    )
    feminine: ClassVar = re.compile(
        r"^(?:mulher(?:es)?|vez(?:es)?|noites?|tardes?|mãos?|partes?|classes?|torres?|chaves?|gentes?|fontes?|séries?|fotos?"
        r"|motos?|flor(?:es)?|leis?|luz(?:es)?|redes?|voz(?:es)?|cruz(?:es)?|bases?|frases?|fases?|imagem|imagens|isabel"
        r"|irmãs?|maçãs?|manhãs?|mães?|nuvens?|ordens?|opç(?:ão|ões)|quest(?:ão|ões)|regi(?:ão|ões)|raz(?:ão|ões)|tvs?)$"
        r"|(?:as?|ção|ções|são|sões|dades?|gem|gens|tudes?|elisabete|elizabeth)$"
    )
    masculine: ClassVar = re.compile(
        r"dias?|(?:quilo|mili|tele|pro|dia)?gramas?|problemas?|mapas?|programas?|temas?|sistemas?|idiomas?|planetas?|poemas?"
        r"|climas?|dramas?|cometas?|fantasmas?|diplomas?|dilemas?|sintomas?|esquemas?|sofás?|papas?|chás?|mas|colegas?|poetas?"
        r"|atletas?|artistas?|turistas?|jornalistas?|dentistas?|guardas?|motoristas?|cinemas?|emblemas?|teoremas?|pijamas?"
    )

    def own_rules(self) -> Sequence[Rule]:
        return (
            (re.compile(r"R\.(?=\sd(?:e|o|a|os|as)\s[^\W\d_])"), lambda found: "rua"),
            *super().own_rules(),
        )

    def cardinal(self, number: int, gender: str = "") -> str:
        words = number_words(number, "pt_BR")
        if gender != "f":
            return words
        head, scale, tail = words.rpartition("lhões ") if "lhões " in words else ("", "", words)
        tail = re.sub(r"\bum$", "uma", re.sub(r"\bdois(?=$| mil)", "duas", re.sub(r"(zent|hent)os", r"\1as", tail)))
        return head + scale + tail

    def ordinal(self, number: int, gender: str = "") -> str:
        words = number_words(number, "pt_BR", "ordinal")
        return " ".join(f"{word[:-1]}a" for word in words.split()) if gender == "f" else words

    def say_suffixed_ordinal(self, number: int, suffix: str, found: Found) -> str | None:
        if suffix.endswith("°") and not re.match(r"\s[^\W\d_]{3,}", found.after):
            return None
        return self.ordinal(number, "f" if suffix.endswith("ª") else "")

    def say_date(self, date: Date, found: Found) -> str:
        day = "" if date.day is None else self._day(date.day)
        if date.last_day:
            day = f"{day} a {self._day(date.last_day)}"
        month = self.month(date.month) if date.month else ""
        year = "" if date.year is None else self.say_year(date.year)
        return " de ".join(filter(None, (day, month, year)))

    def _day(self, day: int) -> str:
        return "primeiro" if day == 1 else self.cardinal(day)

    def say_clock(self, clock: Clock) -> str:
        half = {"am": "da manhã", "pm": "da tarde"}.get(clock.half, "")
        hour = self.cardinal(clock.hour, "f")
        if not clock.minute:
            return self.join(hour, "" if half else "hora" if clock.hour == 1 else "horas", half)
        return self.join(hour, "e", self.cardinal(clock.minute), half)

    def say_fraction(self, above: int, below: int) -> str:
        if (above, below) == (1, 2):
            return "meio"
        if below == 2:
            return f"{self.cardinal(above)} meios"
        part = _PARTS.get(below)
        if part is None:
            return f"{self.cardinal(above)} {self.cardinal(below)} avos"
        return f"{self.cardinal(above)} {part}{'' if above == 1 else 's'}"
