# Replaces stored credential values in a stream. Input: lines GROUP VALUE, an empty line, then the stream
# followed by one sentinel character `x` (so that the last line's newline, or its absence, survives).
# Long values go first: one may begin with another.

function masked(line,    i, at, out) {
  for (i = 1; i <= count; i++) {
    out = ""
    while ((at = index(line, value[i])) > 0) {
      out = out substr(line, 1, at - 1) "[host-credential#" group[i] "]"
      line = substr(line, at + length(value[i]))
    }
    line = out line
  }
  return line
}
function keep(name, text,    i) {
  for (i = count++; i > 0 && length(value[i]) < length(text); i--) { value[i + 1] = value[i]; group[i + 1] = group[i] }
  value[i + 1] = text; group[i + 1] = name
}
!body && $0 == "" { body = 1; next }
!body { at = index($0, " "); keep(substr($0, 1, at - 1), substr($0, at + 1)); next }
{ if (held) printf "%s\n", masked(last); last = $0; held = 1 }
END { printf "%s", masked(substr(last, 1, length(last) - 1)) }
