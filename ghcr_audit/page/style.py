"""The page's one style sheet; the page allows it, and the pictures', by their hashes, and no other."""

STYLE = """
:root{color-scheme:light dark;--ink:#1f2328;--dim:#59636e;--paper:#fff;--page:#f6f8fa;--edge:#d1d9e0;--code:#f2f4f7;
--link:#0758c2;--holds:#116f2f;--broken:#b3202c;--warning:#835600;--unknown:#6639ba;--notrun:#59636e}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9da7b3;--paper:#151b23;--page:#0d1117;--edge:#3d444d;
--code:#0d1117;--link:#6cb0ff;--holds:#4ac26b;--broken:#ff8a82;--warning:#e3b341;--unknown:#b69cff;--notrun:#9da7b3}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;background:var(--page);color:var(--ink);overflow-wrap:anywhere;
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK KR",sans-serif}
a{color:var(--link)}
:lang(ko){word-break:keep-all}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-99rem;background:var(--paper);padding:.6rem 1rem;z-index:1}
.skip:focus{left:1rem;top:1rem}
.frame{max-width:88rem;margin:0 auto;padding:1rem;display:grid;gap:1rem;grid-template-columns:minmax(0,1fr)}
nav{font-size:.9rem}
nav ul{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.15rem 1rem}
nav ul ul{display:none}
nav a{display:inline-block;padding:.15rem 0}
main{min-width:0}
.card,section{background:var(--paper);border:1px solid var(--edge);border-radius:.6rem;padding:1rem 1.25rem;
margin:0 0 1rem}
.card{border-left:.5rem solid var(--state)}
.card>p:first-of-type{font-size:1.15rem;margin:.4rem 0 .8rem}
.card>p:first-of-type strong{color:var(--state)}
h1{font-size:1.35rem;line-height:1.3;margin:0}
h2{font-size:1.25rem;margin:0 0 .6rem}
h3{font-size:1.05rem;margin:1.8rem 0 .5rem;padding-top:.8rem;border-top:1px solid var(--edge)}
h4{font-size:.95rem;margin:1.4rem 0 .3rem}
h4+p{color:var(--dim);font-size:.9rem;margin:.2rem 0}
p{margin:.5rem 0}
ul{padding-left:1.3rem;margin:.5rem 0}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono","Noto Sans Mono",monospace}
code{font-size:.88em;background:var(--code);border-radius:.25rem;padding:.08em .3em}
pre{margin:.3rem 0 .8rem;padding:.6rem .8rem;background:var(--code);border:1px solid var(--edge);border-radius:.4rem;
white-space:pre-wrap;font-size:.82rem;line-height:1.45;tab-size:8}
pre code{font-size:1em;padding:0;background:none}
.long{max-height:26rem;overflow:auto;margin:.3rem 0 .8rem;border:1px solid var(--edge);border-radius:.4rem}
.long pre{margin:0;border:0}
.wide{overflow-x:auto;margin:.6rem 0}
table{border-collapse:collapse;width:100%;font-size:.9rem}
caption,.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid var(--edge);min-width:5.5rem}
thead th,thead td{color:var(--dim);font-weight:600;overflow-wrap:normal}
tbody th{font-weight:500}
.card tbody th,.card .many code{white-space:nowrap}
.holds{--state:var(--holds)}.broken{--state:var(--broken)}.warning{--state:var(--warning)}
.unknown{--state:var(--unknown)}.notrun{--state:var(--notrun)}
td.holds,td.broken,td.warning,td.unknown,td.notrun{color:var(--state);font-weight:600;white-space:nowrap}
h3.holds,h3.broken,h3.warning,h3.unknown,h3.notrun{border-left:.3rem solid var(--state);padding:.3rem 0 .3rem .7rem;
border-top:0}
figure{margin:1rem 0}
figure svg{display:block;max-width:100%;height:auto}
figcaption{font-size:.85rem;color:var(--dim);padding:.3rem .1rem}
figcaption pre{border:0;padding:.2rem 0;margin:0;background:none;color:inherit}
.small{display:none}
footer{color:var(--dim);font-size:.85rem;padding:0 1rem 2rem;max-width:88rem;margin:0 auto}
@media (max-width:44rem){.frame{padding:.5rem}.card,section{padding:.8rem}.large{display:none}.small{display:block}
h1{font-size:1.15rem}.card .few tbody th{white-space:normal}th,td{padding:.35rem .4rem}footer{padding:0 .5rem 1rem}
.many thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.many tr,.many th,.many td{display:block;min-width:0}.many tr{border-bottom:1px solid var(--edge);padding:.4rem 0}
.many th,.many td{border:0;padding:.1rem .2rem}.many tbody th{font-weight:700}
.many td::before{content:attr(data-column) ": ";color:var(--dim);font-weight:400}}
@media (min-width:80rem){.frame{grid-template-columns:13rem minmax(0,1fr);gap:1.5rem}
nav{position:sticky;top:1rem;align-self:start;max-height:calc(100vh - 2rem);overflow:auto;padding:.3rem}
nav ul{display:block}nav ul ul{display:block;padding-left:1rem}}
@media print{:root{color-scheme:light;--ink:#000;--dim:#333;--paper:#fff;--page:#fff;--edge:#999;--code:#f5f5f5;
--link:#000;--holds:#116329;--broken:#a40e26;--warning:#7d4e00;--unknown:#512a97;--notrun:#333}
@page{margin:14mm}
body{font-size:10pt}nav,.skip{display:none}.frame{display:block;padding:0;max-width:none}
section{border:0;padding:0}.card{border-width:1px 1px 1px .5rem}.long,.wide{max-height:none;overflow:visible}
pre{font-size:8pt}table{font-size:8.5pt}th,td{min-width:0}
.large{display:block}.small{display:none}
h1,h2,h3,h4,thead{break-after:avoid}tr,figure{break-inside:avoid}a[href^="http"]::after{content:" (" attr(href) ")"}}
@media (forced-colors:active){.card,h3{border-color:CanvasText}}
"""
