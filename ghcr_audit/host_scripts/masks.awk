# Reads docker config.json files and credential helpers' answers; prints one line per value that must not
# leave this host: GROUP VALUE. A group is one secret in its several encodings.
# Works on damaged JSON too: it looks for the fields, not for the structure.

function value_at(text,    at, c, n, out) {  # the string that begins TEXT; sets `literal`, as it is written there
  out = ""; at = 1
  while (at <= length(text)) {
    c = substr(text, at, 1)
    if (c == "\"") break
    if (c == "\\") {
      at++
      c = substr(text, at, 1)
      if (c == "u") {
        n = number(substr(text, at + 1, 4)); at += 4
        if (n >= 55296 && n < 56320 && substr(text, at + 1, 2) == "\\u") {  # a pair: RFC 8259, section 7
          n = 65536 + (n - 55296) * 1024 + number(substr(text, at + 3, 4)) - 56320; at += 6
        }
        c = utf8(n)
      }
      else if (c in PLAIN) c = PLAIN[c]
    }
    out = out c
    at++
  }
  literal = substr(text, 1, at - 1)
  return out
}
function number(hex,    i, n) {
  n = 0
  for (i = 1; i <= 4; i++) n = n * 16 + index("0123456789abcdef", tolower(substr(hex, i, 1))) - 1
  return n
}
function utf8(n) {
  if (n < 1) return ""
  if (n < 128) return sprintf("%c", n)
  if (n < 2048) return sprintf("%c%c", 192 + int(n / 64), 128 + n % 64)
  if (n < 65536) return sprintf("%c%c%c", 224 + int(n / 4096), 128 + int(n / 64) % 64, 128 + n % 64)
  return sprintf("%c%c%c%c", 240 + int(n / 262144), 128 + int(n / 4096) % 64, 128 + int(n / 64) % 64, 128 + n % 64)
}
function decode(text,    i, v, bits, held, byte, out) {
  out = ""; bits = 0; held = 0
  for (i = 1; i <= length(text); i++) {
    v = index(B64, substr(text, i, 1)) - 1
    if (v < 0) v = index(URL64, substr(text, i, 1)) - 1
    if (v < 0) continue
    held = held * 64 + v; bits += 6
    if (bits >= 8) {
      bits -= 8
      byte = int(held / TWO[bits])
      held -= byte * TWO[bits]
      if (byte > 0) out = out sprintf("%c", byte)
    }
  }
  return out
}
# The base64 characters that encode TEXT alone when SKIP foreign bytes stand before it.
function encoded(text, skip, alphabet,    i, held, bits, out, first, whole) {
  out = ""; bits = 0; held = 0
  for (i = 1; i <= skip; i++) { held = held * 256; bits += 8; while (bits >= 6) { out = out "?"; bits -= 6; held -= int(held / TWO[bits]) * TWO[bits] } }
  first = bits > 0 ? length(out) + 2 : length(out) + 1
  for (i = 1; i <= length(text); i++) {
    held = held * 256 + ORD[substr(text, i, 1)]; bits += 8
    while (bits >= 6) { bits -= 6; whole = int(held / TWO[bits]); out = out substr(alphabet, whole + 1, 1); held -= whole * TWO[bits] }
  }
  return substr(out, first)
}
function percent(text, format, kept,    i, c, out) {
  out = ""
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    out = out (c ~ /[A-Za-z0-9_.~-]/ || index(kept, c) ? c : sprintf(format, ORD[c]))
  }
  return out
}
function escaped(text, html,    i, c, out) {  # as JSON writes it; Go also writes < > & as \u003c and so on
  out = ""
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (c in ESCAPED) c = ESCAPED[c]
    else if (html && index("<>&", c)) c = sprintf("\\u%04x", ORD[c])
    out = out c
  }
  return out
}
function say(value) {
  if (length(value) >= 6 && index(value, "\n") == 0 && !(value in said)) { said[value] = 1; print group, value }
}
function lines(value,    part, n, i) {  # logs tear a secret of several lines apart (a key file as a password)
  n = split(value, part, "\n")
  for (i = 1; n > 1 && i <= n; i++) if (length(part[i]) >= 16) say(part[i])
}
function forms(value,    skip) {
  say(value)
  lines(value)
  say(percent(value, "%%%02X", "")); say(percent(value, "%%%02x", ""))
  say(percent(value, "%%%02X", "/")); say(percent(value, "%%%02x", "/"))
  for (skip = 0; skip < 3; skip++) { say(encoded(value, skip, B64)); say(encoded(value, skip, URL64)) }
}
function secret(value) {
  if (length(value) < 6) return
  forms(value)
  forms(escaped(value, 0))
  forms(escaped(value, 1))
  say(escaped(escaped(value, 0), 0))
  say(escaped(escaped(value, 1), 0))
}
BEGIN {
  B64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  URL64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  TWO[0] = 1  # powers: not every busybox knows `^`
  for (i = 1; i < 16; i++) TWO[i] = 2 * TWO[i - 1]
  for (i = 1; i < 256; i++) ORD[sprintf("%c", i)] = i
  ESCAPED["\\"] = "\\\\"; ESCAPED["\""] = "\\\""; ESCAPED["\n"] = "\\n"; ESCAPED["\t"] = "\\t"; ESCAPED["\r"] = "\\r"
  PLAIN["n"] = "\n"; PLAIN["t"] = "\t"; PLAIN["r"] = "\r"; PLAIN["b"] = "\b"; PLAIN["f"] = "\f"
}
{ text = text $0 "\n" }
END {
  rest = text
  while (match(rest, /"(auth|identitytoken|password|registrytoken|Secret)"[ \t\r\n]*:[ \t\r\n]*"/)) {
    field = substr(rest, RSTART + 1, 4)
    rest = substr(rest, RSTART + RLENGTH)
    found = value_at(rest)
    if (found == "") continue
    group++
    secret(found)
    forms(literal)
    if (field == "auth") {
      bare = found; sub(/=+$/, "", bare); say(bare)
      pair = decode(found)
      at = index(pair, ":")
      if (at) secret(substr(pair, at + 1)); else secret(pair)
    }
  }
}
