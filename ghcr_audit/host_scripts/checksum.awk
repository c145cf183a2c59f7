# Reads one GitHub token; prints whether the checksum in its last six characters is right: right, wrong or unknown.
# Six characters: CRC-32 of the thirty before them (without the prefix), in base 62. No awk but gawk knows bits, and some
# know no remainder of numbers above 2^31: halves do for both. Shorter than any of its kind is wrong, longer is unknown.

function odd(n) { return n - 2 * int(n / 2) }
function differing(a, b,    i, bit, out) {  # exclusive or of 32 bits
  out = 0; bit = 1
  for (i = 0; i < 32; i++) {
    if (odd(a) != odd(b)) out += bit
    a = int(a / 2); b = int(b / 2); bit *= 2
  }
  return out
}
function crc32(text,    i, bit, crc) {
  crc = 4294967295
  for (i = 1; i <= length(text); i++) {
    crc = differing(crc, ORD[substr(text, i, 1)])
    for (bit = 0; bit < 8; bit++) crc = odd(crc) ? differing(int(crc / 2), 3988292384) : int(crc / 2)
  }
  return differing(crc, 4294967295)
}
function base62(n,    out) {
  out = ""
  while (length(out) < 6) { out = substr(DIGITS, n - 62 * int(n / 62) + 1, 1) out; n = int(n / 62) }
  return out
}
BEGIN {
  DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
  for (i = 48; i < 123; i++) ORD[sprintf("%c", i)] = i
  told = "unknown"
}
NR == 1 && /^gh[pousr]_[0-9A-Za-z]*$/ {
  rest = substr($0, 5)
  if (length(rest) < 36) told = "wrong"
  if (length(rest) == 36) told = (base62(crc32(substr(rest, 1, 30))) "") == (substr(rest, 31) "") ? "right" : "wrong"
}
END { print told }
