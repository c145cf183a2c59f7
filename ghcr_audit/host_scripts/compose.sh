# Compose with the release's tag where it looks for it.

tagged() {  # SETTING DOCKER... compose WORD...: run in the project's folder; SETTING is VARIABLE=TAG
  setting=$1; shift
  case $1 in
    sudo | */sudo) ;;
    *) env "$setting" "$@"; return ;;
  esac
  # sudo drops the variable: compose reads it from a file, which then must hold the folder's own settings, too
  ( umask 077; { cat .env; echo; printf '%s\n' "$setting"; } >"$GA_TMP/settings" 2>/dev/null )
  words=$# found=
  while [ "$words" -gt 0 ]; do
    word=$1 words=$((words - 1)); shift; set -- "$@" "$word"
    [ -n "$found" ] || [ "$word" != compose ] || { found=1; set -- "$@" --env-file "$GA_TMP/settings"; }
  done
  "$@"
}
