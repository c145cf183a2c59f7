"""Tokens and keys that show what they are by their own form, wherever they stand.

One row each: kind, literals of which one must occur (lower case), the pattern. Sources: GitHub's "About
authentication to GitHub" and its changelog of 2026-05-15 (`ghs_APPID_JWT`); for the others, what their makers
publish for secret scanning. Linear by construction, as `shapes.py` describes it.
"""

from ghcr_audit.redaction.patterns import Shape, shape

_ALONE = r"(?<![A-Za-z0-9_])"
_CODED = r"(?=[A-Za-z_-]{0,40}[0-9])"
"""A digit comes soon: no word of a sentence or of a file's name has one there."""

GITHUB_SHAPES: tuple[Shape, ...] = (
    shape(
        "github-token",
        "ghp_ gho_ ghu_ ghr_ ghs_ github_pat_",
        r"gh[pour]_[A-Za-z0-9]{16}[A-Za-z0-9_]*+"
        r"|ghs_(?=[\w.-]{16})[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]++)*+"
        r"|github_pat_[A-Za-z0-9_]{16}[A-Za-z0-9_]*+",
        gate=r"gh[pours]_[\w.?-]{16}|github_pat_\w{16}",
        certain=True,
    ),
    # The same in Base64: what the prefixes become at each of three offsets, and all that follows.
    shape(
        "github-token",
        "z2hwx z2hvx z2h1x z2hzx z2hyx docf dob1 dodv doc1 docl nahbf nag9f nahvf nahnf nahjf"
        " z2l0ahvix3 dpdgh1yl9 naxrodwjfc",
        r"(?:Z2h[wv1zy]X|doc[F1l]|dob1|dodV|naH[BVNJ]f|naG9f|Z2l0aHViX3BhdF|dpdGh1Yl9wYXRf|naXRodWJfcGF0X)"
        r"(?=[A-Za-z0-9+/_-]{24})(?=[a-zA-Z+/_-]{0,23}[0-9])(?=[a-z0-9+/_-]{0,23}[A-Z])[A-Za-z0-9+/_-]++=*+",
        gate=r"(?:Z2h[wv1zy]X|doc[F1l]|dob1|dodV|naH[BVNJ]f|naG9f|Z2l0aHViX3BhdF|dpdGh1Yl9wYXRf|naXRodWJfcGF0X)"
        r"[A-Za-z0-9+/_-]{24}",
    ),
)

TOKEN_SHAPES: tuple[Shape, ...] = (
    shape("registry-token", "dckr_pat_ dckr_oat_", r"dckr_[po]at_[\w-]{16}[\w-]*+", certain=True),
    shape(
        "gitlab-token",
        "glpat- gldt- glrt- glcbt- glptt- glft- glsoat- glagent- gloas-",
        r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|oas)-[\w-]{16}[\w-]*+",
        certain=True,
    ),
    shape(
        "aws-key",
        "akia asia",
        r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])",
        gate="A[KS]IA[A-Z0-9]{16}",
        certain=True,
    ),
    shape("google-key", "aiza", r"AIza[\w-]{35}", certain=True),
    shape("google-token", "ya29.", rf"{_ALONE}ya29\.[\w-]{{20}}[\w-]*+", gate=r"ya29\.[\w?-]{20}", certain=True),
    shape(
        "slack-token",
        "xox xapp-",
        r"(?:xox[abeoprs](?:\.xox[bp])?|xapp)-[0-9][A-Za-z0-9-]{9}[A-Za-z0-9-]*+",
        certain=True,
    ),
    shape(
        "webhook",
        "hooks.slack.com/ /webhooks/",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<v>[\w/+-]{20}[\w/+-]*+)"
        r"|discord(?:app)?\.com/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]{15,21}/(?P<w>[\w-]{30}[\w-]*+)",
        gate=r"hooks\.slack\.com/|discord(?:app)?\.com/api/",
        certain=True,
    ),
    shape(
        "stripe-key",
        "sk_live_ sk_test_ rk_live_ rk_test_ whsec_",
        rf"{_ALONE}(?:[sr]k_(?:live|test)_|whsec_)[A-Za-z0-9+/]{{16}}[A-Za-z0-9+/]*+=*+",
        gate=r"(?:[sr]k_(?:live|test)_|whsec_)[A-Za-z0-9+/]{16}",
        certain=True,
    ),
    shape("sendgrid-key", "sg.", rf"{_ALONE}SG\.[\w-]{{16,32}}\.[\w-]{{16,64}}", gate=r"SG\.[\w?-]{16}", certain=True),
    shape("npm-token", "npm_", rf"{_ALONE}npm_[A-Za-z0-9]{{36}}", gate="npm_[A-Za-z0-9]{36}", certain=True),
    shape("pypi-token", "pypi-ag", r"pypi-Ag[\w-]{40}[\w-]*+", certain=True),
    shape("huggingface-token", "hf_", rf"{_ALONE}hf_[A-Za-z0-9]{{30}}[A-Za-z0-9]*+", gate="hf_[A-Za-z0-9]{30}"),
    shape(
        "api-key",
        "sk-",
        rf"(?<![\w-])sk-(?=[\w-]{{20}}){_CODED}(?=[a-z0-9_-]{{0,40}}[A-Z])[\w-]++",
        gate=r"sk-[\w?-]{20}",
    ),
    shape("twilio-key", "sk", r"(?<![A-Za-z0-9])SK[0-9a-f]{32}(?![A-Za-z0-9])", gate="SK[0-9a-f]{32}", certain=True),
    shape("telegram-token", ":aa", r"[0-9]{8,10}:AA[\w-]{33}(?![\w-])", gate=r"[0-9]:AA[\w?-]{33}", certain=True),
    shape("vault-token", "hvs. hvb. hvr.", rf"{_ALONE}hv[sbr]\.[\w-]{{24}}[\w-]*+", gate=r"hv[sbr]\.[\w?-]{24}"),
    shape("digitalocean-token", "doo_v1_ dop_v1_ dor_v1_", r"do[opr]_v1_[a-f0-9]{64}", certain=True),
    shape("sentry-token", "sntrys_ sntryu_", r"sntry[su]_[\w+/-]{20}[\w+/-]*+=*+", certain=True),
    shape("grafana-token", "glsa_ glc_", r"gl(?:sa|c)_[\w+/-]{32}[\w+/-]*+=*+", certain=True),
    shape("age-key", "age-secret-key-1", r"AGE-SECRET-KEY-1[0-9A-Z]{50}[0-9A-Z]*+", certain=True),
    shape(
        "jwt",
        "eyj",
        r"(?:(?<![\w-])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))eyJ[\w-]{8,}+\.eyJ[\w-]++\.[\w-]*+(?:\.[\w-]*+)*+",
        gate=r"eyJ[\w?-]+\.eyJ",
        certain=True,
    ),
)
