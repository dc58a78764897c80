"""Whether two names name the same: `U.S.` and `the United States`, `British` and `Britain`, `Zelensky` and `Zelenskyy`.

The one place for variants of names. Countries, their people and bodies with usual abbreviations stand in a table:
written by hand, since pycountry has no demonyms and babel's names no abbreviations as news writes them. Spellings are
compared by rapidfuzz. Does not know which of two people of one surname is meant.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

from index.text.lexicon import INSTITUTIONS
from index.text.names import INSTITUTION, find_names, plain_name

SamePlace = Literal["same", "variant", ""]

# Each line: the name, then its other forms and the word for its people, each after a comma.
_COUNTRIES = """
Afghanistan, Afghan, Afghans
Albania, Albanian, Albanians
Algeria, Algerian, Algerians
Argentina, Argentine, Argentines, Argentinian, Argentinians
Armenia, Armenian, Armenians
Australia, Australian, Australians, Aussie
Austria, Austrian, Austrians
Azerbaijan, Azerbaijani, Azerbaijanis, Azeri
Bangladesh, Bangladeshi, Bangladeshis
Belarus, Belarusian, Belarusians, Belorussian
Belgium, Belgian, Belgians
Bolivia, Bolivian, Bolivians
Bosnia, Bosnian, Bosnians, Bosnia and Herzegovina
Brazil, Brazilian, Brazilians
Britain, British, Briton, Britons, UK, United Kingdom, Great Britain
Bulgaria, Bulgarian, Bulgarians
Cambodia, Cambodian, Cambodians
Cameroon, Cameroonian, Cameroonians
Canada, Canadian, Canadians
Chile, Chilean, Chileans
China, Chinese, PRC, People's Republic of China
Colombia, Colombian, Colombians
Congo, Congolese, DRC, Democratic Republic of the Congo
Costa Rica, Costa Rican, Costa Ricans
Croatia, Croatian, Croatians, Croat, Croats
Cuba, Cuban, Cubans
Cyprus, Cypriot, Cypriots
Czech Republic, Czech, Czechs, Czechia
Denmark, Danish, Dane, Danes
Ecuador, Ecuadorian, Ecuadorians
Egypt, Egyptian, Egyptians
El Salvador, Salvadoran, Salvadorans
England, English
Estonia, Estonian, Estonians
Ethiopia, Ethiopian, Ethiopians
Fiji, Fijian, Fijians
Finland, Finnish, Finn, Finns
France, French, Frenchman, Frenchwoman
Georgia, Georgian, Georgians
Germany, German, Germans
Ghana, Ghanaian, Ghanaians
Greece, Greek, Greeks
Greenland, Greenlandic, Greenlander, Greenlanders
Guatemala, Guatemalan, Guatemalans
Haiti, Haitian, Haitians
Honduras, Honduran, Hondurans
Hong Kong, Hongkonger, Hongkongers, Hong Konger, Hong Kongers
Hungary, Hungarian, Hungarians
Iceland, Icelandic, Icelander, Icelanders
India, Indian, Indians
Indonesia, Indonesian, Indonesians
Iran, Iranian, Iranians
Iraq, Iraqi, Iraqis
Ireland, Irish, Irishman
Israel, Israeli, Israelis
Italy, Italian, Italians
Ivory Coast, Ivorian, Ivorians, Côte d'Ivoire
Jamaica, Jamaican, Jamaicans
Japan, Japanese
Jordan, Jordanian, Jordanians
Kazakhstan, Kazakh, Kazakhs
Kenya, Kenyan, Kenyans
Kosovo, Kosovan, Kosovar, Kosovars
Kuwait, Kuwaiti, Kuwaitis
Kyrgyzstan, Kyrgyz
Laos, Lao, Laotian
Latvia, Latvian, Latvians
Lebanon, Lebanese
Libya, Libyan, Libyans
Lithuania, Lithuanian, Lithuanians
Malaysia, Malaysian, Malaysians
Mali, Malian, Malians
Malta, Maltese
Mexico, Mexican, Mexicans
Moldova, Moldovan, Moldovans
Mongolia, Mongolian, Mongolians
Morocco, Moroccan, Moroccans
Mozambique, Mozambican
Myanmar, Burma, Burmese
Namibia, Namibian, Namibians
Nepal, Nepali, Nepalese
Netherlands, Dutch, Holland
New Zealand, New Zealander, New Zealanders
Nicaragua, Nicaraguan, Nicaraguans
Nigeria, Nigerian, Nigerians
North Korea, North Korean, North Koreans, DPRK
Norway, Norwegian, Norwegians
Pakistan, Pakistani, Pakistanis
Palestine, Palestinian, Palestinians
Panama, Panamanian, Panamanians
Peru, Peruvian, Peruvians
Philippines, Philippine, Filipino, Filipinos
Poland, Polish, Pole, Poles
Portugal, Portuguese
Puerto Rico, Puerto Rican, Puerto Ricans
Qatar, Qatari, Qataris
Romania, Romanian, Romanians
Russia, Russian, Russians, Russian Federation
Rwanda, Rwandan, Rwandans
Samoa, Samoan, Samoans
Saudi Arabia, Saudi, Saudis
Scotland, Scottish, Scot, Scots
Senegal, Senegalese
Serbia, Serbian, Serbians, Serb, Serbs
Singapore, Singaporean, Singaporeans
Slovakia, Slovak, Slovaks
Slovenia, Slovenian, Slovenians, Slovene
Somalia, Somali, Somalis
South Africa, South African, South Africans
South Korea, South Korean, South Koreans
Spain, Spanish, Spaniard, Spaniards
Sri Lanka, Sri Lankan, Sri Lankans
Sudan, Sudanese
Sweden, Swedish, Swede, Swedes
Switzerland, Swiss
Syria, Syrian, Syrians
Taiwan, Taiwanese
Tajikistan, Tajik, Tajiks
Tanzania, Tanzanian, Tanzanians
Thailand, Thai, Thais
Tunisia, Tunisian, Tunisians
Turkey, Turkish, Turk, Turks, Türkiye
Uganda, Ugandan, Ugandans
Ukraine, Ukrainian, Ukrainians
United Arab Emirates, UAE, Emirati, Emiratis
United States, US, USA, America, American, Americans, United States of America
Uruguay, Uruguayan, Uruguayans
Uzbekistan, Uzbek, Uzbeks
Venezuela, Venezuelan, Venezuelans
Vietnam, Vietnamese
Wales, Welsh
Yemen, Yemeni, Yemenis
Zambia, Zambian, Zambians
Zimbabwe, Zimbabwean, Zimbabweans
"""
_OTHERS = """
Africa, African, Africans
Asia, Asian, Asians
Europe, European, Europeans
European Union, EU
European Commission, EC
United Nations, UN
North Atlantic Treaty Organization, NATO, North Atlantic Treaty Organisation
World Health Organization, WHO, World Health Organisation
World Trade Organization, WTO, World Trade Organisation
International Monetary Fund, IMF
Federal Bureau of Investigation, FBI
Central Intelligence Agency, CIA
Democrat, Democrats, Democratic, Democratic Party
Republican, Republicans, GOP, Republican Party
Washington DC, District of Columbia
New York City, NYC
Los Angeles, LA
Kyiv, Kiev
Mumbai, Bombay
Kolkata, Calcutta
Beijing, Peking
"""


def _folded(name: str) -> str:
    """A name without accents, dots, possessive and article, in lower case: `the U.S.` → `us`."""
    plain = unicodedata.normalize("NFKD", name.replace("’", "'"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter)).lower().replace(".", "")
    return " ".join(plain.removesuffix("'s").removeprefix("the ").split())


def _table(lines: str) -> dict[str, str]:
    rows = [line.split(", ") for line in lines.strip().splitlines()]
    return {_folded(form): _folded(row[0]) for row in rows for form in row}


_COUNTRY_OF = _table(_COUNTRIES)
_CANONICAL = _COUNTRY_OF | _table(_OTHERS)
_LISTED = frozenset(_CANONICAL.values())

CLOSE_SPELLING = 88.0
"""rapidfuzz's ratio from which two words of six letters or more are spellings of one name: `Zelensky`, `Zelenskyy`."""

# takes "marathon" of "Chicago Marathon", "open" of "French Open"; not "chicago"
_EVENTS = re.compile(r"^(?:marathon|prix|open|cup|olympics|championships?|awards?|prize|festival|summit|earthquake)$")


@lru_cache(maxsize=20_000)
def canonical(name: str) -> str:
    """The form under which a name can be compared: the first of its line in the tables, else without accents, dots."""
    folded = _folded(name)
    return _CANONICAL.get(folded, folded)


@lru_cache(maxsize=20_000)
def same_name(one: str, other: str) -> bool:
    """Whether `other` names what `one` does: the same form, a spelling of it, its last name, or its initials."""
    a, b = canonical(one), canonical(other)
    if a == b:
        return True
    if a in _LISTED or b in _LISTED:
        return False
    if INSTITUTION.search(one) or INSTITUTION.search(other):
        return _initials(one) == b.replace(" ", "") or _initials(other) == a.replace(" ", "")
    few, many = sorted((canonical(plain_name(one)).split(), canonical(plain_name(other)).split()), key=len)
    if not few or not _close(few[-1], many[-1]):
        return _initials(one) == b.replace(" ", "") or _initials(other) == a.replace(" ", "")
    # A first name that differs tells two people of one surname apart; an initial does not.
    return len(few) == 1 or (few[0][0] == many[0][0] and (_close(few[0], many[0]) or 1 in (len(few[0]), len(many[0]))))


def _close(one: str, other: str) -> bool:
    if one == other:
        return True
    if min(len(one), len(other)) < 6 or one[0] != other[0]:
        return False
    from rapidfuzz.fuzz import ratio

    return ratio(one, other) >= CLOSE_SPELLING


def _initials(name: str) -> str:
    """The capitals of a name of three words or more, `fbi`; empty of a shorter one."""
    letters = [word[0].lower() for word in name.split() if word[0].isupper()]
    return "".join(letters) if len(letters) > 2 else ""


def kind(name: str) -> str:
    """What a name is a name of, as far as it shows: `country`, `person`, the word it ends in (`marathon`), or empty."""
    if _folded(name) in _COUNTRY_OF:
        return "country"
    words = _folded(name).split()
    if len(words) > 1 and (words[-1] in INSTITUTIONS or _EVENTS.match(words[-1])):
        return words[-1]
    if _folded(name) in _CANONICAL or INSTITUTION.search(name) or " of " in name:
        return ""
    return "person" if len(plain_name(name).split()) > 1 and not name.isupper() else ""


def mention(name: str, text: str) -> SamePlace:
    """How a name stands in a text: `same` as it is written, as a `variant`, or not."""
    # takes "Trump" in "Trump's" and "(Trump)"; not in "Trumpism"
    if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.I):
        return "same"
    return "variant" if any(same_name(name, other.text) for other in find_names(text)) else ""
