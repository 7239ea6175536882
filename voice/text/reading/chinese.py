"""Mandarin in simplified characters, as in the People's Republic."""

from typing import ClassVar

from voice.text.reading.eastasian import EastAsian
from voice.text.reading.language import MAX_DIGITS
from voice.text.reading.values import Clock, Date, Found, Number, ordered, table, words

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_MYRIADS = ("", "万", "亿", "万亿")
_NEVER_PAIR = words("年 月 日 号 号楼 号线 楼 层 路 班 级 等 届 度 点 秒钟 世纪 月份 世 线 分 环 期 季度 年级") - {
    "点"
}
"""Counters before which 2 is not 两: they number rather than count."""


class Chinese(EastAsian):
    """See the module."""

    code = "zh-cn"
    point, minus, plus, to, ratio, times, percent = "点", "负", "加", "到", "比", "乘", "百分之"
    dot, slash, dash, underscore, at = "点", "斜杠", "杠", "下划线", "艾特"
    number_sign, hashtag, version = "第", "话题", "版本"
    slash_between = "或"
    ordinal_prefix = "第"
    called = r"电话|手机|热线|拨打|请拨|致电|打|传真|联系方式|号码|TEL"
    local_phone = r"1[3-9][0-9]{9}|1[3-9][0-9]-[0-9]{4}-[0-9]{4}|1[3-9][0-9] [0-9]{4} [0-9]{4}|0[0-9]{2,3}-[0-9]{7,8}|400-[0-9]{3}-[0-9]{4}|400[0-9]{7}"
    phone_digits = "零幺二三四五六七八九"
    symbols: ClassVar = table(
        "& 和, = 等于, § 节, ÷ 除以, ± 正负, ≈ 约等于, ≠ 不等于, ≤ 小于等于, ≥ 大于等于, → 到, ° 度, % 百分, "
        "< 小于, > 大于, √ 根号, ∞ 无穷大, π 派, ² 平方, ³ 立方, © 版权所有, ™ 商标, ® 注册商标"
    )
    myriads: ClassVar = {
        **{word: word for word in ("万亿", "亿", "万", "千万", "百万", "千", "百")},
        "萬": "万",
        "億": "亿",
    }
    scales: ClassVar = {}
    money_names: ClassVar = table(
        "CNY 元, JPY 日元, USD 美元, EUR 欧元, GBP 英镑, KRW 韩元, HKD 港元, TWD 新台币, RUB 卢布, INR 卢比, "
        "CHF 瑞士法郎, THB 泰铢, VND 越南盾"
    )
    money_words = ordered("元 块钱 块 美元 欧元 英镑 日元 韩元 港元 港币 人民币 美金 卢布 卢比")
    local_currency: ClassVar = {"¥": "CNY", "￥": "CNY", "RMB": "CNY", "円": "JPY", "원": "KRW"}
    unit_names: ClassVar = table(
        "km 公里, m 米, cm 厘米, mm 毫米, nm 纳米, kg 公斤, g 克, mg 毫克, t 吨, km/h 公里每小时, m/s 米每秒, "
        "m² 平方米, m2 平方米, m³ 立方米, m3 立方米, km² 平方公里, km2 平方公里, cm² 平方厘米, cm3 立方厘米, "
        "ml 毫升, mL 毫升, L 升, l 升, °C 摄氏度, ℃ 摄氏度, °F 华氏度, ° 度, h 小时, min 分钟, s 秒, ms 毫秒, "
        "GB G B, MB M B, TB T B, KB K B, kB K B, W 瓦, kW 千瓦, kWh 千瓦时, MW 兆瓦, V 伏, A 安, mA 毫安, "
        "Hz 赫兹, kHz 千赫, MHz 兆赫, GHz 吉赫, Pa 帕, kPa 千帕, ha 公顷, kcal 千卡, mph 英里每小时, mi 英里, "
        "ft 英尺, in 英寸, lb 磅, oz 盎司, dB 分贝, mAh 毫安时, ‰ 千分"
    )
    counters = ordered(
        "年代 年级 后 年 月份 个月 月 日 号楼 号线 号 点钟 点半 点 时 小时 分钟 秒钟 分 秒 世纪 世 楼 层 路 班 级 等 届 度 "
        "季度 期 环 个 位 名 人 只 条 张 本 件 台 辆 家 次 倍 天 "
        "周 岁 页 章 节 部 集 场 座 间 套 双 对 杯 瓶 碗 盒 包 袋 "
        "斤 公斤 千克 克 吨 米 公里 千米 里 厘米 毫米 升 毫升 平方米 "
        "平方公里 亩 公顷 摄氏度 种 项 份 封 首 幅 颗 粒 棵 朵 "
        "头 匹 群 支 枝 把 块 片 门 篇 句 字 行 列 排 副 根 架 艘 所 栋 户 口 员 人次 余 多 来 折 成 星 分之 寸 英寸 英里"
    )
    abbreviations: ClassVar = {
        "Dr.": "博士",
        "Mr.": "先生",
        "Mrs.": "太太",
        "Ms.": "女士",
        "TEL": "电话",
        "Tel": "电话",
        "vs.": "对",
        "vs": "对",
        "etc.": "等等",
    }
    before_number: ClassVar = {}

    def cardinal(self, number: int, gender: str = "") -> str:
        return _cardinal(number)

    def ordinal(self, number: int, gender: str = "") -> str:
        return f"第{_cardinal(number, pair=False)}"

    def say_digits(self, digits: str) -> str:
        return "".join(_DIGITS[int(digit)] for digit in digits)

    def say_whole(self, digits: str, gender: str = "") -> str:
        if len(digits) > MAX_DIGITS or (len(digits) > 1 and digits[0] == "0"):
            return self.say_digits(digits)
        return _cardinal(int(digits), pair=gender == "pair")

    def say_power(self, power: Number) -> str:
        return f"的{self.say_number(power)}次方"

    def say_fraction_of(self, fraction: str, unit: str, *, is_mixed: bool) -> str | None:
        said = self.say_measure(Number("3"), unit)
        return said and said.replace(self.say_number(Number("3")), fraction, 1)

    def say_address(self, address: str) -> str:
        return super().say_address(address.translate(str.maketrans("0123456789", _DIGITS)))

    def say_year(self, year: int) -> str:
        return self.say_digits(str(year))

    def say_percent(self, number: Number) -> str:
        return f"{self.say_sign(number.sign)}百分之{self.say_number(Number(number.whole, number.fraction))}"

    def say_percent_range(self, first: Number, last: Number) -> str:
        return self.say_range(self.say_percent(first), self.say_percent(last))

    def say_amount(self, number: Number, counter: str, found: Found) -> str:
        if counter == "后" and number.is_whole and len(number.whole) == 2:
            return f"{self.say_digits(number.whole)}后"
        if counter in ("年", "年代") and number.is_whole:
            return self._years(number.whole, counter, found)
        if found.before[-2:] == "零下" or counter in _NEVER_PAIR or not number.is_whole:
            return f"{self.say_number(number)}{counter}"
        words = "两" if number.whole == "2" else self.say_number(number, "pair")
        return f"{self.say_sign(number.sign) if words == '两' else ''}{words}{counter}"

    def _years(self, digits: str, counter: str, found: Found) -> str:
        is_calendar = len(digits) == 4 or (len(digits) == 2 and digits[0] == "0")
        if is_calendar and not found.before.endswith(("公元前", "前")):
            return f"{self.say_digits(digits)}{counter}"
        if digits == "2":
            return "两年"
        return f"{self.say_whole(digits)}{counter}"

    def say_counter_range(self, first: Number, last: Number, found: Found) -> str:
        if found["counter"] in ("年", "年代") and len(first.whole) == len(last.whole) == 4:
            return f"{self.say_digits(first.whole)}到{self.say_digits(last.whole)}{found['counter']}"
        return super().say_counter_range(first, last, found)

    def say_ordinal(self, number: Number, counter: str) -> str:
        return f"第{self.say_whole(number.whole) if number.whole else ''}{counter}"

    def say_numbered(self, number: Number) -> str:
        return f"第{self.say_whole(number.whole)}号"

    def say_sum(self, number: Number, scale: str, noun: str) -> str:
        pair = (
            "pair"
            if len(number.whole) > 3 or (number.whole == "2" and (scale or noun in ("元", "块", "块钱")))
            else ""
        )
        words = "两" if pair and number.whole == "2" and number.is_whole else self.say_number(number, pair)
        return f"{words}{self.myriads.get(scale, '')}{noun}"

    def say_number(self, number: Number, gender: str = "") -> str:
        if not gender and number.is_whole and len(number.whole) > 3:
            gender = "pair"
        return super().say_number(number, gender)

    def say_date(self, date: Date, found: Found) -> str:
        year = "" if date.year is None else f"{self.say_digits(str(date.year))}年"
        month = "" if date.month is None else f"{_cardinal(date.month)}月"
        day = "" if date.day is None else f"{_cardinal(date.day)}日"
        return f"{year}{month}{day}" + ("" if not date.last_day else f"到{_cardinal(date.last_day)}日")

    def say_clock(self, clock: Clock) -> str:
        half = {"am": "上午", "pm": "下午"}.get(clock.half, "")
        hour = "两" if clock.hour == 2 else _cardinal(clock.hour)
        minutes = "" if not clock.minute else f"{'零' if clock.minute < 10 else ''}{_cardinal(clock.minute)}分"
        seconds = "" if clock.second is None else f"{_cardinal(clock.second)}秒"
        if clock.second is not None and not minutes:
            minutes = "零分"
        return f"{half}{hour}点{minutes}{seconds}"

    def say_fraction(self, above: int, below: int) -> str:
        return f"{_cardinal(below)}分之{_cardinal(above)}"

    def say_mixed(self, whole: str, fraction: str) -> str:
        return f"{self.say_whole(whole)}又{fraction}"

    def say_regnal(self, number: int, name: str) -> str:
        return _cardinal(number)


def _cardinal(number: int, *, pair: bool = False) -> str:
    """A whole number below 10**16. With `pair` a 2 that leads thousands or myriads is 两, as before nouns."""
    if number < 10:
        return _DIGITS[number]
    groups: list[int] = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    words = ""
    for place, group in reversed(list(enumerate(groups))):
        if not group:
            continue
        needs_zero = words and (group < 1000 or not groups[place + 1])
        said = _below_myriad(group)
        if pair and ((group == 2 and place) or (group >= 2000 and group < 3000 and not words)):
            said = "两" + said[1:]
        words += f"{'零' if needs_zero else ''}{said}{_MYRIADS[place]}"
    return words.removeprefix("一") if words.startswith("一十") else words


def _below_myriad(number: int) -> str:
    words, is_gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            words += f"{'零' if is_gap and words else ''}{_DIGITS[digit]}{_PLACES[place]}"
        is_gap = not digit
    return words
