"""Whose domain an address is in: a company's, or a mail provider's."""

# Second levels under which organisations register (JPRS 属性型・地域型, and abroad).
_JP_SECOND_LEVELS = frozenset({"ac", "ad", "co", "ed", "go", "gr", "lg", "ne", "or"})
_SECOND_LEVELS = frozenset(
    {
        "ac",
        "co",
        "com",
        "edu",
        "gob",
        "gov",
        "govt",
        "gv",
        "mil",
        "ne",
        "net",
        "or",
        "org",
    }
)
_PREFECTURES = """
    hokkaido aomori iwate miyagi akita yamagata fukushima ibaraki tochigi gunma
    saitama chiba tokyo kanagawa niigata toyama ishikawa fukui yamanashi nagano gifu
    shizuoka aichi mie shiga kyoto osaka hyogo nara wakayama tottori shimane okayama
    hiroshima yamaguchi tokushima kagawa ehime kochi fukuoka saga nagasaki kumamoto
    oita miyazaki kagoshima okinawa
"""
_PREFECTURE_SET = frozenset(_PREFECTURES.split())
_PREFECTURE_DEPTH = 4

# Free mail, carriers and access providers: the domain tells nothing about an employer.
_FREE_MAIL = """
    gmail.com googlemail.com yahoo.co.jp yahoo.ne.jp ymail.ne.jp yahoo.com ymail.com
    rocketmail.com outlook.com outlook.jp hotmail.com hotmail.co.jp live.com live.jp
    msn.com icloud.com me.com mac.com aol.com aol.jp proton.me protonmail.com pm.me
    gmx.com gmx.net mail.com zoho.com zohomail.com fastmail.com tutanota.com
    yandex.com yandex.ru mail.ru qq.com 163.com 126.com sina.com naver.com
    hanmail.net daum.net excite.co.jp goo.jp goo.ne.jp infoseek.jp mail.goo.ne.jp
    livedoor.com rakuten.jp kitty.jp inter7.jp docomo.ne.jp mopera.net dwmail.jp
    ezweb.ne.jp au.com auone.jp auone-net.jp biglobe.ne.jp uqmobile.jp
    softbank.ne.jp i.softbank.jp vodafone.ne.jp disney.ne.jp disneymobile.ne.jp
    jp-t.ne.jp jp-d.ne.jp jp-h.ne.jp jp-c.ne.jp jp-r.ne.jp jp-k.ne.jp jp-n.ne.jp
    jp-s.ne.jp jp-q.ne.jp y-mobile.ne.jp ymobile.ne.jp ymobile1.ne.jp emnet.ne.jp
    emobile.ne.jp wcm.ne.jp willcom.com pdx.ne.jp mineo.jp rakumail.jp mymail.ne.jp
    nifty.com nifty.ne.jp so-net.ne.jp ocn.ne.jp plala.or.jp dion.ne.jp odn.ne.jp
    odn.ad.jp ybb.ne.jp bbtec.net asahi-net.or.jp hi-ho.ne.jp wakwak.com
    jcom.home.ne.jp home.ne.jp zaq.ne.jp eonet.ne.jp tiki.ne.jp commufa.jp dti.ne.jp
    sannet.ne.jp infoweb.ne.jp mbn.or.jp iij4u.or.jp t-com.ne.jp tnc.ne.jp
    megaegg.ne.jp enjoy.ne.jp nns.ne.jp
"""
FREE_MAIL_DOMAINS = frozenset(_FREE_MAIL.split())


def is_free_mail(domain: str) -> bool:
    """Say whether a domain, or the one that it lies under, is a mail provider's.

    Example:
        >>> is_free_mail("t.vodafone.ne.jp"), is_free_mail("softbank.jp")
        (True, False)
    """
    return domain in FREE_MAIL_DOMAINS or registered_domain(domain) in FREE_MAIL_DOMAINS


def registered_domain(domain: str) -> str:
    """Return the part of a domain that somebody registered.

    By rule, not by the public suffix list: under a prefecture's `.jp` four labels are
    kept, since too narrow a domain only means a match less, never a wrong one.

    Example:
        >>> registered_domain("mail.example.co.jp")
        'example.co.jp'
    """
    labels = domain.split(".")
    return ".".join(labels[-_depth(labels) :])


def _depth(labels: list[str]) -> int:
    top, second = labels[-1], labels[-2] if len(labels) > 1 else ""
    if top == "jp":
        if second in _PREFECTURE_SET:
            return _PREFECTURE_DEPTH
        return 3 if second in _JP_SECOND_LEVELS else 2
    # Country codes have two letters; under the others the second level is a company's.
    return 3 if len(top) == 2 and second in _SECOND_LEVELS else 2  # noqa: PLR2004
