# Flattens one JSON document: a line PATH TAB VALUE for each scalar, path parts joined by `|`
# (`auths|ghcr.io|auth`, `errors|0|code`); an empty list or object is told as `[]` or `{}`. Newlines and tabs inside values become spaces.
# A damaged document prints what could be read and then `!damaged`.

function blank() { while (substr(doc, at, 1) ~ /[ \t\r\n]/) at++ }
function code_point(hex,    i, n) {
  n = 0
  for (i = 1; i <= 4; i++) n = n * 16 + index("0123456789abcdef", tolower(substr(hex, i, 1))) - 1
  return n > 31 && n < 127 ? sprintf("%c", n) : "?"
}
function text_value(    c, out, from) {
  out = ""; at++
  while (at <= size) {
    c = substr(doc, at, 1)
    if (c == "\"") { at++; return out }
    if (c == "\\") {
      c = substr(doc, ++at, 1)
      if (c == "u") { c = code_point(substr(doc, at + 1, 4)); at += 4 }
      else if (c ~ /[nrtbf]/) c = " "
    }
    if (c ~ /[\t\r\n]/) c = " "
    out = out c; at++
  }
  damaged = 1
  return out
}
function below(path, key) { return path == "" ? key : path "|" key }
function walk(path, depth,    c, key, n, from) {
  if (depth > 20) { damaged = 1; at = size + 1; return }
  blank(); c = substr(doc, at, 1)
  if (c == "{") { at++; members(path, depth); return }
  if (c == "[") { at++; items(path, depth); return }
  if (c == "\"") { print path "\t" text_value(); return }
  from = at
  while (at <= size && substr(doc, at, 1) ~ /[A-Za-z0-9.+-]/) at++
  if (at == from) { damaged = 1; at = size + 1; return }
  c = substr(doc, from, at - from)
  if (c !~ /^(true|false|null|-?[0-9][0-9.eE+-]*)$/) { damaged = 1; at = size + 1; return }
  print path "\t" c
}
function members(path, depth,    key) {
  blank()
  if (substr(doc, at, 1) == "}") print path "\t{}"
  while (!damaged) {
    blank()
    if (substr(doc, at, 1) == "}") { at++; return }
    if (substr(doc, at, 1) == ",") { at++; continue }
    if (substr(doc, at, 1) != "\"") { damaged = 1; return }
    key = text_value(); blank()
    if (substr(doc, at, 1) != ":") { damaged = 1; return }
    at++; walk(below(path, key), depth + 1)
  }
}
function items(path, depth,    n) {
  n = 0
  blank()
  if (substr(doc, at, 1) == "]") print path "\t[]"
  while (!damaged) {
    blank()
    if (at > size) { damaged = 1; return }
    if (substr(doc, at, 1) == "]") { at++; return }
    if (substr(doc, at, 1) == ",") { at++; continue }
    walk(below(path, n++), depth + 1)
  }
}
{ doc = doc $0 "\n" }
END {
  size = length(doc); at = 1; damaged = 0
  blank()
  if (at <= size) walk("", 0)  # an empty file is what docker takes it for: no settings
  if (damaged) print "!damaged"
}
