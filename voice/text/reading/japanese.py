"""Japanese. Figures, and the counters behind them, are written in katakana.

espeak-ng knows no kanji, and the dictionaries that stand before the engines read figures and counters one by one
("ヨン ジ" for 4時). In hiragana they would cut numbers up ("サン / ビ / ャ / クエン"); a run of katakana stays one word.
"""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from voice.text.reading.eastasian import EastAsian
from voice.text.reading.language import Rule
from voice.text.reading.values import Clock, Date, Found, Number, ordered, table, words
from voice.text.reading.written import parse_number

_DIGITS = ("ゼロ", "イチ", "ニ", "サン", "ヨン", "ゴ", "ロク", "ナナ", "ハチ", "キュウ")
_HUNDREDS = {1: "ヒャク", 3: "サンビャク", 6: "ロッピャク", 8: "ハッピャク"}
_THOUSANDS = {1: "セン", 3: "サンゼン", 8: "ハッセン"}
_MYRIADS = ("", "マン", "オク", "チョウ")
_VOICED = dict(
    zip("カキクケコサシスセソタチツテトハヒフヘホ", "ガギグゲゴザジズゼゾダヂヅデドバビブベボ", strict=True)
)
_HALF_VOICED = dict(zip("ハヒフヘホ", "パピプペポ", strict=True))

_PLAIN_COUNTERS = table(
    "年 ネン, 年代 ネンダイ, 年間 ネンカン, 年度 ネンド, 年生 ネンセイ, 年目 ネンメ, 年前 ネンマエ, "
    "年後 ネンゴ, 年ぶり ネンブリ, 円 エン, 時間 ジカン, 番 バン, 番目 バンメ, 番線 バンセン, 度 ド, "
    "度目 ドメ, 秒 ビョウ, 秒間 ビョウカン, 枚 マイ, 台 ダイ, 名 メイ, 名様 メイサマ, 位 イ, 号 ゴウ, "
    "号室 ゴウシツ, 号車 ゴウシャ, 部 ブ, 割 ワリ, 割引 ワリビキ, 次 ジ, 倍 バイ, 代 ダイ, 代目 ダイメ, "
    "段 ダン, 問 モン, 夜 ヤ, 膳 ゼン, 畳 ジョウ, 条 ジョウ, 世 セイ, 対 タイ, 両 リョウ, 列 レツ, "
    "番地 バンチ, 丁目 チョウメ, 連敗 レンパイ, 連勝 レンショウ, ドル ドル, ユーロ ユーロ, "
    "メートル メートル, グラム グラム, リットル リットル, ミリ ミリ, ヶ国語 カコクゴ, ヘクタール ヘクタール, "
    "語 ゴ, 輪 リン, 面 メン, 名 メイ, 文字 モジ, アンペア アンペア, ワット ワット, ボルト ボルト, 大 ダイ, "
    "ゴール ゴール, イニング イニング, 年連続 ネンレンゾク, 億 オク, インチ インチ, マイル マイル, "
    "日間 ニチカン, 拍子 ビョウシ"
)
_K = "回:カイ 回目:カイメ 回戦:カイセン 回転:カイテン 個:コ 個目:コメ コ:コ こ:コ 階:カイ 階建て:カイダテ 件:ケン 軒:ケン "
_K += "か月:カゲツ ヶ月:カゲツ ヵ月:カゲツ カ月:カゲツ ケ月:カゲツ ヶ月間:カゲツカン か月間:カゲツカン か国:カコク ヶ国:カコク "
_K += "カ国:カコク か所:カショ ヶ所:カショ カ所:カショ 箇所:カショ 曲:キョク 区:ク 機:キ 巻:カン 校:コウ 口:クチ 級:キュウ 組:クミ "
_K += "客:キャク 句:ク 株:カブ 基:キ 行:ギョウ 個入り:コイリ 箇月:カゲツ 貫:カン 期:キ 桁:ケタ キロ:キロ カロリー:カロリー"
_S = "歳:サイ 才:サイ 冊:サツ 冊目:サツメ 世紀:セイキ 社:シャ 章:ショウ 周:シュウ 周年:シュウネン 週間:シュウカン 週:シュウ "
_S += "隻:セキ 色:ショク 席:セキ 種類:シュルイ 種:シュ 試合:シアイ 戦:セン 足:ソク 艘:ソウ 式:シキ 勝:ショウ 節:セツ "
_S += "着:チャク 点:テン 点差:テンサ 頭:トウ 通:ツウ 店:テン 丁:チョウ 等:トウ 得点:トクテン 都市:トシ トン:トン 打席:ダセキ"
_H = "本:ホン 本目:ホンメ 匹:ヒキ 匹目:ヒキメ 杯:ハイ 杯目:ハイメ 票:ヒョウ 分:フン 分間:フンカン 分前:フンマエ 分後:フンゴ "
_H += "泊:ハク 発:ハツ 歩:ホ 拍:ハク 品:ヒン 編:ヘン 班:ハン"
_P = "ページ:ページ ポイント:ポイント パーセント:パーセント ピース:ピース ポンド:ポンド"
_HALF_VOICED_AFTER_N = words("分 分間 分前 分後 泊 発 歩 拍 品 編 班")
_VOICED_AFTER_3 = words("階 階建て 軒 足")
_NOT_DOUBLED = words("行 区 口 組 打席 得点 都市 期 機 校")
"""Of the counters above, those before which 1 stays イチ."""

_SEVEN_SHICHI = frozenset({"時", "月"})
_FOUR_YO = words("年 年間 年度 年生 年目 年前 年後 年ぶり 年連続 時 時間 人 人目 円 日間 人前 人組 畳")
_NATIVE = ("", "ヒト", "フタ", "ミッ", "ヨッ", "イツ", "ムッ", "ナナ", "ヤッ", "ココノ")
_DAYS = {1: "ツイタチ", 2: "フツカ", 3: "ミッカ", 4: "ヨッカ", 5: "イツカ", 6: "ムイカ", 7: "ナノカ", 8: "ヨウカ"}
_DAYS |= {9: "ココノカ", 10: "トオカ", 14: "ジュウヨッカ", 20: "ハツカ", 24: "ニジュウヨッカ"}
_LETTERS = "エー ビー シー ディー イー エフ ジー エイチ アイ ジェイ ケー エル エム エヌ オー ピー キュー アール エス ティー ユー ブイ ダブリュー エックス ワイ ゼット"


def _listed(words: str) -> dict[str, str]:
    return dict(word.split(":") for word in words.split())


_ALTERED: Mapping[str, tuple[str, str]] = {
    **{written: (said, "k") for written, said in _listed(_K).items()},
    **{written: (said, "s") for written, said in _listed(_S).items()},
    **{written: (said, "h") for written, said in _listed(_H).items()},
    **{written: (said, "p") for written, said in _listed(_P).items()},
}
"""Counters that change with the number before them, and how: イッカイ ロッカイ, イッサイ, イッポン サンボン, ジュッページ."""


_KANJI_DIGITS = "〇一二三四五六七八九"
_KANJI_PLACES = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = "[〇一二三四五六七八九十百千]{1,8}"
_KANJI_NUMBER = re.compile(
    f"(?<![0-9万億兆〇一二三四五六七八九十百千]){_NUMERAL}(?=年|月|時|円|歳|回|個|冊|匹|枚|台|階|人|日(?![月本曜]))"
    f"|(?<=[時]){_NUMERAL}(?=分)"
)
"""Kanji numerals that a counter makes plain: no 十分 ("enough") and no 三日月."""
_NOWHERE = Found(re.compile("").match(""), "", frozenset())  # type: ignore[arg-type]  # it always matches
"""The surroundings of a number that was not found in a line."""


class Japanese(EastAsian):
    """See the module."""

    code = "ja"
    point, minus, plus, to, ratio, times, percent = (
        "テン",
        "マイナス",
        "プラス",
        "から",
        "タイ",
        "かける",
        "パーセント",
    )
    dot, slash, dash, underscore, at = "ドット", "スラッシュ", "ハイフン", "アンダーバー", "アット"
    number_sign, hashtag, version = "ナンバー", "ハッシュタグ", "バージョン"
    slash_between = "、"
    ordinal_prefix = "第"
    negative_word = "零下"
    called = (
        r"〒|郵便番号|電話|電話番号|携帯|TEL|Tel|☎|FAX|ファックス|番号は|番号|連絡先|フリーダイヤル|[はへ:：]?\s?110番"
    )
    local_phone = r"0[0-9]{1,4}-[0-9]{1,4}-[0-9]{3,4}|0[5789]0[0-9]{8}|0120[0-9]{6}"
    phone_digits = _DIGITS
    symbols: ClassVar = table(
        "& アンド, = イコール, § セクション, ÷ わる, ± "
        "プラスマイナス, ≈ ヤク, ≒ ヤク, ≠ ノットイコール, ≤ 以下, "
        "≥ 以上, → から, ° ド, % パーセント, < 小なり, > "
        "大なり, √ ルート, ∞ 無限大, π パイ, ² の二乗, ³ の三乗, "
        "〒 郵便番号"
    )
    myriads: ClassVar = {
        "万": "マン",
        "億": "オク",
        "兆": "チョウ",
        "千": "セン",
        "百万": "ヒャクマン",
        "千万": "センマン",
    }
    scales: ClassVar = {}
    money_names: ClassVar = table(
        "JPY エン, USD ドル, EUR ユーロ, GBP ポンド, KRW ウォン, CNY ゲン, INR ルピー, CHF スイスフラン, "
        "RUB ルーブル, HKD ホンコンドル, TWD タイワンドル, THB バーツ, AUD オーストラリアドル, CAD カナダドル, "
        "VND ドン, TRY リラ, BRL レアル"
    )
    money_words = ordered("円 ドル ユーロ ポンド ウォン 元 人民元 ルピー")
    local_currency: ClassVar = table("ドル USD, ユーロ EUR, ポンド GBP, ウォン KRW, 人民元 CNY, ルピー INR, 원 KRW")
    unit_names: ClassVar = table(
        "km/h キロメートル, m/s メートルマイビョウ, m² 平方メートル, m2 平方メートル, °C ド, ℃ ド, ° ド, "
        "km² 平方キロメートル, km2 平方キロメートル, cm² 平方センチメートル, cc シーシー, GB ギガバイト, "
        "MB メガバイト, TB テラバイト, KB キロバイト, m3 立方メートル, dB デシベル, L リットル, l リットル, "
        "K ケー, h ジカン, s ビョウ, m³ 立方メートル, °F ド, mAh ミリアンペアアワー, rpm カイテン, "
        "bps ビーピーエス, ha ヘクタール"
    )
    counters = (
        *_PLAIN_COUNTERS,
        *_ALTERED,
        "人",
        "人目",
        "人前",
        "人組",
        "日",
        "日目",
        "月",
        "時",
        "つ",
        "つ目",
        "羽",
        "話",
        "日本",
    )
    letter_names: ClassVar = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _LETTERS.split(), strict=True))
    word_acronyms: ClassVar = table(
        "NASA ナサ, NATO ナトー, UNESCO ユネスコ, UNICEF "
        "ユニセフ, JAXA ジャクサ, OPEC オペック, ASEAN アセアン, "
        "AIDS エイズ, APEC エイペック, FIFA フィファ, JETRO ジェトロ, TOEIC トーイック, TOEFL トーフル, "
        "JICA ジャイカ, SIM シム, OFF オフ, ON オン, NISA ニーサ, OK オーケー, TEL 電話"
    )
    abbreviations: ClassVar = table(
        "Dr. ドクター, Mr. ミスター, Mrs. ミセス, Ms. ミズ, "
        "Prof. プロフェッサー, etc. エトセトラ, vs. バーサス, "
        "vs バーサス, St. セント, No. ナンバー, Vol. ボリューム, pp. ページ, Inc. インク, ㈱ 株式会社, "
        "(株) 株式会社, Jr. ジュニア"
    )

    def prepared(self, line: str) -> str:
        """Return `line` with plain figures, kanji numerals before a counter among them: 四月一日 is read as 4月1日."""
        return _KANJI_NUMBER.sub(lambda found: str(_kanji_value(found[0])), super().prepared(line))

    def own_rules(self) -> Sequence[Rule]:
        part = re.compile(r"(?P<below>[0-9]{1,4})分の(?P<above>[0-9]{1,4})")
        return [
            (part, lambda found: self.say_fraction(int(found["above"]), int(found["below"]))),
            (
                re.compile(r"(?P<a>[0-9]{1,2})[-–−](?P<b>[0-9]{1,2})(?=で[勝負敗逆快圧引]|の[勝引])"),
                lambda found: f"{self.say_whole(found['a'])}タイ{self.say_whole(found['b'])}",
            ),
            *super().own_rules(),
        ]

    def say_power(self, power: Number) -> str:
        return f"の{self.say_number(power)}ジョウ"

    def cardinal(self, number: int, gender: str = "") -> str:
        return _cardinal(number)

    def ordinal(self, number: int, gender: str = "") -> str:
        return f"ダイ{_cardinal(number)}"

    def say_digits(self, digits: str) -> str:
        return "".join(_DIGITS[int(digit)] for digit in digits)

    def say_number(self, number: Number, gender: str = "") -> str:
        if not number.fraction:
            return super().say_number(number)
        whole = "レイ" if number.whole in ("0", "") else self.say_whole(number.whole)
        for last, doubled in (("イチ", "イッ"), ("ハチ", "ハッ"), ("ジュウ", "ジュッ")):
            if whole.endswith(last):
                whole = whole.removesuffix(last) + doubled
        return f"{self.say_sign(number.sign)}{whole}テン{self.say_digits(number.fraction)}"

    def say_percent(self, number: Number) -> str:
        return self.say_altered(number, "パーセント", "p", "パーセント")

    def say_sum(self, number: Number, scale: str, noun: str) -> str:
        if scale:
            return f"{self._scaled_words(number, scale)}{noun}"
        return self._yo(self.say_number(number), number, "円" if noun == "エン" else "") + noun

    def _scaled_words(self, number: Number, scale: str) -> str:
        if number.is_whole and scale == "千" and number.whole in "123456789":
            return _cardinal(int(number.whole) * 1000)
        words = self.say_number(number)
        if scale == "兆" and number.is_whole:
            words = _doubled(words, "s")
        return f"{words}{self.myriads[scale]}"

    def _scaled(self, found: Found) -> str | None:
        words = self._scaled_words(parse_number(found["b"], self), found["scale"])
        counter = found["counter"]
        if not counter:
            return words
        said, kind = _ALTERED.get(counter) or (self._reading(counter), "")
        if kind == "h":
            said = f"{(_HALF_VOICED if counter in _HALF_VOICED_AFTER_N else _VOICED).get(said[0], said[0])}{said[1:]}"
        return f"{words}{said}"

    def say_amount(self, number: Number, counter: str, found: Found) -> str:
        if not number.is_whole or len(number.whole) > 12:
            reading = self._reading(counter)
            return f"{self.say_number(number)}{reading}"
        value, sign = int(number.whole), self.say_sign(number.sign)
        if (special := self._special(value, counter, found)) is not None:
            return f"{sign}{special}"
        if counter == "日" and value % 10 in (7, 9):
            return f"{sign}{self.say_day(value)}"
        if counter in _ALTERED:
            said, kind = _ALTERED[counter]
            return self.say_altered(number, said, kind, counter)
        words = self.say_number(number)
        if counter in _SEVEN_SHICHI and value % 10 == 7:
            words = words.removesuffix("ナナ") + "シチ"
        if counter in ("時", "時間", "月") and value % 10 == 9:
            words = words.removesuffix("キュウ") + "ク"
        if counter == "月" and value == 4:
            words = "シ"
        return f"{self._yo(words, number, counter)}{self._reading(counter)}"

    def _yo(self, words: str, number: Number, counter: str) -> str:
        ends_in_four = counter in _FOUR_YO and number.is_whole and number.whole[-1:] == "4"
        return words.removesuffix("ヨン") + "ヨ" if ends_in_four and words.endswith("ヨン") else words

    def _reading(self, counter: str) -> str:
        special = {
            "人": "ニン",
            "人目": "ニンメ",
            "人前": "ニンマエ",
            "人組": "ニングミ",
            "日": "ニチ",
            "日目": "ニチメ",
        }
        special |= {"月": "ガツ", "時": "ジ", "羽": "ワ", "話": "ワ", "つ": "つ", "つ目": "つ目", "日本": "日本"}
        return special.get(counter) or _PLAIN_COUNTERS.get(counter) or _ALTERED[counter][0]

    def _special(self, value: int, counter: str, found: Found) -> str | None:
        """A number and its counter that are one word: ヒトリ, ツイタチ, フタツ, ハタチ."""
        if counter in ("人", "人目", "人組") and value in (1, 2):
            return ("ヒトリ" if value == 1 else "フタリ") + {"人": "", "人目": "メ", "人組": "グミ"}[counter]
        if counter in ("つ", "つ目") and 1 <= value <= 9:
            return f"{_NATIVE[value]}ツ{'メ' if counter == 'つ目' else ''}"
        if counter in ("日", "日目") and value in _DAYS:
            is_day = value > 1 or (counter == "日" and found.before.rstrip().endswith(("月", "/")))
            return (_DAYS[value] if is_day else "イチニチ") + ("" if counter == "日" else "メ")
        if counter in ("歳", "才") and value == 20:
            return "ハタチ"
        if counter == "日間" and value in _DAYS and value > 1:
            return f"{_DAYS[value]}カン"
        return None

    def say_altered(self, number: Number, said: str, kind: str, counter: str) -> str:
        """A number and a counter that change each other."""
        words = self.say_number(number)
        if not number.is_whole:
            return f"{words}{said}"
        last, first = number.whole[-1], said[0]
        if kind == "h" and first in _HALF_VOICED:
            nasal = last in "34" or (number.whole.endswith("000") and not number.whole.endswith("0000"))
            if last == "3" or (nasal and last == "0") or (last == "4" and counter in _HALF_VOICED_AFTER_N):
                altered = _HALF_VOICED if counter in _HALF_VOICED_AFTER_N else _VOICED
                return f"{words}{altered[first]}{said[1:]}"
            doubled = _doubled(words, kind)
            return f"{doubled}{_HALF_VOICED[first] if doubled != words else first}{said[1:]}"
        if counter in _VOICED_AFTER_3 and last == "3":
            return f"{words}{_VOICED[first]}{said[1:]}"
        if counter in _NOT_DOUBLED and last in "18":
            return f"{words}{said}"
        return f"{_doubled(words, kind)}{said}"

    def say_ordinal(self, number: Number, counter: str) -> str:
        if not number.whole:
            return "ダイ"
        if not counter:
            return f"ダイ{self.say_number(number)}"
        return f"ダイ{self.say_amount(number, counter, _NOWHERE)}"

    def say_date(self, date: Date, found: Found) -> str:
        year = "" if date.year is None else f"{self.say_amount(Number(str(date.year)), '年', found)} "
        month = "" if date.month is None else f"{self.say_amount(Number(str(date.month)), '月', found)} "
        day = "" if date.day is None else self.say_day(date.day)
        return f"{year}{month}{day}".strip() + ("" if not date.last_day else f"から{self.say_day(date.last_day)}")

    def say_day(self, day: int) -> str:
        if day % 10 == 7 and day > 7:
            return f"{_cardinal(day).removesuffix('ナナ')}シチニチ"
        if day % 10 == 9 and day > 9:
            return f"{_cardinal(day).removesuffix('キュウ')}クニチ"
        return _DAYS.get(day) or f"{_cardinal(day)}ニチ"

    def say_clock(self, clock: Clock) -> str:
        parts = [
            {"am": "午前", "pm": "午後"}.get(clock.half, ""),
            self.say_amount(Number(str(clock.hour)), "時", _NOWHERE),
        ]
        if clock.minute or clock.second is not None:
            parts.append(self.say_amount(Number(str(clock.minute)), "分", _NOWHERE))
        if clock.second is not None:
            parts.append(self.say_amount(Number(str(clock.second)), "秒", _NOWHERE))
        return "".join(parts)

    def say_fraction(self, above: int, below: int) -> str:
        return f"{_cardinal(below)}ブンノ{_cardinal(above)}"

    def say_mixed(self, whole: str, fraction: str) -> str:
        return f"{self.say_whole(whole)}ト{fraction}"

    def say_regnal(self, number: int, name: str) -> str:
        return _cardinal(number)


def _cardinal(number: int) -> str:
    """A whole number below 10**16 in katakana, with the sounds that change: サンビャク, ハッセン, イッチョウ."""
    if not number:
        return _DIGITS[0]
    groups: list[int] = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    words = ""
    for place, group in reversed(list(enumerate(groups))):
        if not group:
            continue
        said = _below_myriad(group)
        if place and group // 1000 == 1:
            said = f"イッ{said}" if said.startswith("セン") else said
        if place == 3:
            said = _doubled(said, "s")
        words += f"{said}{_MYRIADS[place]}"
    return words


def _below_myriad(number: int) -> str:
    thousands, rest = divmod(number, 1000)
    hundreds, rest = divmod(rest, 100)
    tens, ones = divmod(rest, 10)
    words = _THOUSANDS.get(thousands, f"{_DIGITS[thousands]}セン") if thousands else ""
    words += _HUNDREDS.get(hundreds, f"{_DIGITS[hundreds]}ヒャク") if hundreds else ""
    words += f"{_DIGITS[tens] if tens > 1 else ''}ジュウ" if tens else ""
    return words + (_DIGITS[ones] if ones else "")


def _doubled(words: str, kind: str) -> str:
    """The number before a counter of a kind that doubles its first sound: イチ as イッ."""
    endings = {
        "k": "イチ:イッ ロク:ロッ ハチ:ハッ ジュウ:ジュッ ヒャク:ヒャッ ビャク:ビャッ ピャク:ピャッ",
        "s": "イチ:イッ ハチ:ハッ ジュウ:ジュッ",
    }
    endings |= {"h": endings["k"], "p": "ジュウ:ジュッ"}
    for ending, doubled in _listed(endings[kind]).items():
        if words.endswith(ending):
            return words.removesuffix(ending) + doubled
    return words


def _kanji_value(numeral: str) -> int:
    """The value of kanji numerals: 二十五, 二〇二六."""
    if not set(numeral) & set(_KANJI_PLACES):
        return int("".join(str(_KANJI_DIGITS.index(digit)) for digit in numeral))
    total, digit = 0, 0
    for sign in numeral:
        if sign in _KANJI_PLACES:
            total += (digit or 1) * _KANJI_PLACES[sign]
            digit = 0
        else:
            digit = _KANJI_DIGITS.index(sign)
    return total + digit
