/** The shells' side of completion: all that is known comes from `berth __complete`. */

const bash = `# bash completion for berth
_berth() {
  local cur words=() line offers=()
  # Words split at spaces only: names hold colons, values hold equals signs.
  local typed="\${COMP_LINE:0:COMP_POINT}"
  read -r -a words <<<"$typed"
  [[ "$typed" == *[[:space:]] ]] && words+=("")
  cur="\${words[\${#words[@]}-1]}"
  while IFS= read -r line; do
    if [[ "$line" == ":files" ]]; then
      COMPREPLY=($(compgen -f -- "$cur"))
      compopt -o filenames 2>/dev/null
      return
    fi
    offers+=("\${line%%$'\\t'*}")
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
  # Readline replaces only what follows the last word break.
  local prefix=""
  if [[ "$cur" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then prefix="\${cur%:*}:"; fi
  COMPREPLY=()
  for line in "\${offers[@]}"; do COMPREPLY+=("\${line#"$prefix"}"); done
}
complete -F _berth berth`;

const zsh = `#compdef berth
# zsh completion for berth
_berth() {
  local line
  local -a offers
  local -a typed=("\${(@)words[2,CURRENT]}")
  while IFS= read -r line; do
    if [[ "$line" == ":files" ]]; then
      _files
      return
    fi
    local word="\${line%%$'\\t'*}"
    local about=""
    [[ "$line" == *$'\\t'* ]] && about="\${line#*$'\\t'}"
    offers+=("\${word//:/\\\\:}\${about:+:$about}")
  done < <("\${words[1]}" __complete -- "\${typed[@]}" 2>/dev/null)
  _describe 'berth' offers
}
if [[ "\${funcstack[1]}" == "_berth" ]]; then _berth "$@"; else compdef _berth berth; fi`;

const fish = `# fish completion for berth
function __berth_complete
  set -l typed (commandline -opc) (commandline -ct)
  for line in ($typed[1] __complete -- $typed[2..-1] 2>/dev/null)
    if test "$line" = ":files"
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c berth -f -a '(__berth_complete)'`;

export const completionScripts: Readonly<Record<string, string>> = { bash, zsh, fish };
