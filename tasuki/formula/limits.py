"""How large a formula and its values may grow: no formula hangs or fills memory."""

MAX_LENGTH = 2_000  # characters of a formula
MAX_DEPTH = 40  # values nested in values
MAX_VALUES = 250  # in one formula
MAX_BRACKETS = 40  # brackets within brackets
MAX_DIGITS = 34  # of a number: IEEE 754 decimal128
MAX_EXPONENT = 99
MAX_WHOLE = 10**MAX_DIGITS
MAX_POWER = 64
MAX_TEXT = 200_000  # characters a function may build
MAX_ITEMS = 10_000  # items one formula may visit in lists
MAX_LIST_TEXT = 4_000_000  # characters that the items of one formula may make
MAX_LIST_SECONDS = 2.0  # of CPU that one formula may spend on items of lists
MAX_READING = 1_000  # characters of a name, address, phone or number that is read
MAX_NESTED_LISTS = 3  # aggregates within aggregates
