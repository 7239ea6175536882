# ruff: noqa: RUF001 (letters of other alphabets that look Latin)
"""The fixed passage of each language that the source voices are measured by: ten to twenty seconds of all its sounds.

English has sentences of our own; the others are Article 1 of the Universal Declaration of Human Rights.
"""

from collections.abc import Mapping

PASSAGES: Mapping[str, tuple[str, ...]] = {
    "en": (
        "The morning train was late again, so we walked along the river to the old market.",
        "She asked him whether the measure of a good voice is its pitch or its patience.",
        "Seven yellow boats were tied to the wooden pier, rocking in the afternoon breeze.",
        "He thought the children would enjoy a treasure hunt through the garden.",
        "Which of these gadgets do you use, and how much did they charge for it?",
        "Nothing can be heard from the house but the quiet ticking of the kitchen clock.",
        "Please join us for a cup of strong coffee, fresh bread and a pound of cheese.",
    ),
    "es": (
        "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón y "
        "conciencia, deben comportarse fraternalmente los unos con los otros.",
        "Toda persona tiene todos los derechos y libertades proclamados en esta Declaración.",
    ),
    "fr": (
        "Tous les êtres humains naissent libres et égaux en dignité et en droits.",
        "Ils sont doués de raison et de conscience et doivent agir les uns envers les autres dans un esprit de "
        "fraternité.",
        "Tout individu a droit à la vie, à la liberté et à la sûreté de sa personne.",
    ),
    "de": (
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
        "Sie sind mit Vernunft und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen.",
        "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person.",
    ),
    "it": (
        "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti.",
        "Essi sono dotati di ragione e di coscienza e devono agire gli uni verso gli altri in spirito di fratellanza.",
        "Ogni individuo ha diritto alla vita, alla libertà ed alla sicurezza della propria persona.",
    ),
    "pt": (
        "Todos os seres humanos nascem livres e iguais em dignidade e em direitos.",
        "Dotados de razão e de consciência, devem agir uns para com os outros em espírito de fraternidade.",
        "Todo indivíduo tem direito à vida, à liberdade e à segurança pessoal.",
    ),
    "pl": (
        "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw.",
        "Są oni obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa.",
        "Każdy człowiek ma prawo do życia, wolności i bezpieczeństwa swej osoby.",
    ),
    "tr": (
        "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar.",
        "Akıl ve vicdana sahiptirler ve birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler.",
        "Yaşamak, hürriyet ve kişi emniyeti her ferdin hakkıdır.",
    ),
    "ru": (
        "Все люди рождаются свободными и равными в своём достоинстве и правах.",
        "Они наделены разумом и совестью и должны поступать в отношении друг друга в духе братства.",
        "Каждый человек имеет право на жизнь, на свободу и на личную неприкосновенность.",
    ),
    "nl": (
        "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren.",
        "Zij zijn begiftigd met verstand en geweten, en behoren zich jegens elkander in een geest van broederschap "
        "te gedragen.",
        "Een ieder heeft het recht op leven, vrijheid en onschendbaarheid van zijn persoon.",
    ),
    "cs": (
        "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv.",
        "Jsou nadáni rozumem a svědomím a mají spolu jednat v duchu bratrství.",
        "Každý má právo na život, svobodu a osobní bezpečnost.",
    ),
    "ar": (
        "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق.",
        "وقد وهبوا عقلا وضميرا وعليهم أن يعامل بعضهم بعضا بروح الإخاء.",
    ),
    "zh-cn": (
        "人人生而自由，在尊严和权利上一律平等。",
        "他们赋有理性和良心，并应以兄弟关系的精神相对待。",
        "人人有权享有生命、自由和人身安全。",
    ),
    "ja": (
        "すべての にんげんは、うまれながらにして じゆうであり、かつ、そんげんと けんりとについて びょうどうである。",
        "にんげんは、りせいと りょうしんとを さずけられており、たがいに どうほうの せいしんを もって "
        "こうどうしなければならない。",
    ),
    "hu": (
        "Minden emberi lény szabadon születik és egyenlő méltósága és joga van.",
        "Az emberek, ésszel és lelkiismerettel bírván, egymással szemben testvéri szellemben kell hogy viseltessenek.",
        "Minden személynek joga van az élethez, a szabadsághoz és a személyi biztonsághoz.",
    ),
    "ko": (
        "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
        "인간은 천부적으로 이성과 양심을 부여받았으며 서로 형제애의 정신으로 행동하여야 한다.",
    ),
    "hi": (
        "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
        "उन्हें बुद्धि और अन्तरात्मा की देन प्राप्त है और परस्पर उन्हें भाईचारे के भाव से बर्ताव करना चाहिए।",
    ),
}
