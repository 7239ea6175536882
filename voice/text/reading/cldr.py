"""What Unicode's CLDR knows of a language, by Babel: months, plural forms, units and currencies."""

import re
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.numbers import get_currency_name
from babel.units import format_compound_unit, format_unit

from voice.text.reading.values import table

_NUMBER = re.compile(r"\d[\d.,٫٬]*")
_PLAIN = "0.############"

UNITS = table(
    "km length-kilometer, m length-meter, dm length-decimeter, cm length-centimeter, mm length-millimeter, "
    "µm length-micrometer, μm length-micrometer, nm length-nanometer, mi length-mile, yd length-yard, "
    "ft length-foot, ly length-light-year, km² area-square-kilometer, m² area-square-meter, "
    "cm² area-square-centimeter, km2 area-square-kilometer, m2 area-square-meter, cm2 area-square-centimeter, "
    "ha area-hectare, sq_ft area-square-foot, sq_mi area-square-mile, ft² area-square-foot, "
    "m³ volume-cubic-meter, cm³ volume-cubic-centimeter, km³ volume-cubic-kilometer, m3 volume-cubic-meter, "
    "cm3 volume-cubic-centimeter, l volume-liter, L volume-liter, dl volume-deciliter, cl volume-centiliter, "
    "ml volume-milliliter, mL volume-milliliter, hl volume-hectoliter, gal volume-gallon, "
    "fl_oz volume-fluid-ounce, tbsp volume-tablespoon, tsp volume-teaspoon, pt volume-pint, t mass-tonne, "
    "kg mass-kilogram, g mass-gram, mg mass-milligram, µg mass-microgram, μg mass-microgram, lb mass-pound, "
    "lbs mass-pound, oz mass-ounce, ct mass-carat, h duration-hour, hr duration-hour, hrs duration-hour, "
    "min duration-minute, s duration-second, sec duration-second, ms duration-millisecond, "
    "µs duration-microsecond, ns duration-nanosecond, d duration-day, km/h speed-kilometer-per-hour, "
    "kmh speed-kilometer-per-hour, kph speed-kilometer-per-hour, mph speed-mile-per-hour, "
    "m/s speed-meter-per-second, m/s² acceleration-meter-per-square-second, kn speed-knot, "
    "kt speed-knot, °C temperature-celsius, ℃ temperature-celsius, "
    "°F temperature-fahrenheit, ℉ temperature-fahrenheit, K temperature-kelvin, ° angle-degree, W power-watt, "
    "kW power-kilowatt, MW power-megawatt, GW power-gigawatt, mW power-milliwatt, kWh energy-kilowatt-hour, "
    "J energy-joule, kJ energy-kilojoule, kcal energy-kilocalorie, cal energy-calorie, eV energy-electronvolt, "
    "N force-newton, V electric-volt, A electric-ampere, mA electric-milliampere, Ω electric-ohm, "
    "Hz frequency-hertz, kHz frequency-kilohertz, MHz frequency-megahertz, GHz frequency-gigahertz, "
    "Pa pressure-pascal, hPa pressure-hectopascal, kPa pressure-kilopascal, MPa pressure-megapascal, "
    "bar pressure-bar, mbar pressure-millibar, psi pressure-pound-force-per-square-inch, lx light-lux, "
    "lm light-lumen, kB digital-kilobyte, KB digital-kilobyte, MB digital-megabyte, GB digital-gigabyte, "
    "TB digital-terabyte, PB digital-petabyte, kbit digital-kilobit, Mb digital-megabit, Gb digital-gigabit, kbps digital-kilobit/duration-second, "
    "Mbps digital-megabit/duration-second, Gbps digital-gigabit/duration-second, Mbit digital-megabit, Gbit digital-gigabit, px graphics-pixel, "
    "MP graphics-megapixel, dpi graphics-dot-per-inch, ppi graphics-pixel-per-inch, ppm concentr-permillion, "
    "‰ concentr-permille"
)
"""Written units, and CLDR's names for them. The units of a language's own are in its `Language.units`."""

CURRENCIES = table(
    "$ USD, US$ USD, € EUR, £ GBP, ¥ JPY, ￥ JPY, ₹ INR, ₽ RUB, ₩ KRW, ₺ TRY, ₴ UAH, ₪ ILS, ฿ THB, ₫ VND, "
    "₦ NGN, ₱ PHP, R$ BRL, A$ AUD, AU$ AUD, C$ CAD, CA$ CAD, HK$ HKD, NZ$ NZD, S$ SGD, NT$ TWD, MX$ MXN, "
    "₡ CRC, ₲ PYG, ₸ KZT, ₾ GEL, ₼ AZN, ₵ GHS, ₭ LAK, ₮ MNT, ৳ BDT, ₨ PKR, ﷼ IRR, zł PLN, Kč CZK, Ft HUF, "
    "Fr. CHF, SFr. CHF, 元 CNY, 円 JPY, 원 KRW, руб RUB"
)
"""Signs of currencies, and their codes in ISO 4217. The codes themselves are read as well (EUR 5, 5 CHF)."""

CODES = frozenset(CURRENCIES.values()) | frozenset(
    [
        *[
            "CHF",
            "SEK",
            "NOK",
            "DKK",
            "ISK",
            "RON",
            "BGN",
            "RSD",
            "ZAR",
            "SAR",
            "AED",
            "EGP",
            "QAR",
            "KWD",
            "JOD",
            "BHD",
        ],
        *["OMR", "MAD", "TND", "IDR", "MYR", "ARS", "CLP", "COP", "PEN", "KES", "ETB", "LKR", "NPR"],
    ]
)


def plural_category(language: str, value: Decimal) -> str:
    """Return CLDR's plural category of `value` in `language`: zero, one, two, few, many or other."""
    return str(_locale(language).plural_form(value))


@lru_cache(maxsize=4096)
def unit_frame(language: str, unit: str, value: Decimal) -> str | None:
    """Return how `value` of a written unit (a key of `UNITS`, or one over another) is said: "{} Kilometer pro Stunde".

    The frame of an Arabic one or two has no "{}": the noun's form holds the number. None for an unknown unit.
    """
    above, slash, below = unit.partition("/")
    locale = _locale(language)
    if unit in UNITS:
        named, slash, second = UNITS[unit].partition("/")
    elif slash and above in UNITS and below in UNITS:
        named, second = UNITS[above], UNITS[below]
    else:
        return None
    if slash and second:
        written = str(format_compound_unit(value, named, 1, second, "long", format=_PLAIN, locale=locale))
    else:
        written = format_unit(value, named, "long", format=_PLAIN, locale=locale)
    if "-" in written and UNITS.get(unit, "-") in written:
        return None  # Babel knows no words for it, and repeats its name
    return _NUMBER.sub("{}", written.replace("\u00a0", " ").replace("\u202f", " "), count=1)


@lru_cache(maxsize=512)
def currency_noun(language: str, code: str, value: Decimal) -> str:
    """Return the name of the currency `code`, as it stands behind `value`."""
    return str(get_currency_name(code, value, locale=_locale(language)))


@lru_cache(maxsize=64)
def months(language: str) -> tuple[str, ...]:
    """Return the twelve months as they stand in a date: "ноября", "November"."""
    names = _locale(language).months["format"]["wide"]
    return tuple(str(names[number]) for number in range(1, 13))


@lru_cache(maxsize=64)
def month_numbers(language: str) -> dict[str, int]:
    """Return the number of each written month, case-folded and without its full stop: whole and shortened names."""
    locale = _locale(language)
    names = [(style, width) for style in ("format", "stand-alone") for width in ("wide", "abbreviated")]
    return {
        str(name).casefold().rstrip("."): number
        for style, width in names
        for number, name in locale.months[style][width].items()
        if not str(name).isdigit()
    }


@lru_cache(maxsize=64)
def weekdays(language: str) -> dict[str, str]:
    """Return the name of each shortened weekday, as it is written and with a capital, without its full stop."""
    days = _locale(language).days["format"]
    short = {
        str(days[width][number]).rstrip("."): str(name)
        for width in ("abbreviated", "short")
        for number, name in days["wide"].items()
    }
    return short | {key.capitalize(): name for key, name in short.items()}


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    return Locale.parse({"zh-cn": "zh_Hans_CN", "pt": "pt_BR"}.get(language, language))
