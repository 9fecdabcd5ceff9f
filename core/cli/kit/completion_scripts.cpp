// The scripts that `limactl completion SHELL` prints. Each asks `limactl __complete` and
// understands the directive line.
#include "core/base/text.hpp"
#include "core/cli/kit/complete.hpp"

namespace lima::cli {

namespace {

constexpr const char* kBash =
    R"SH(# bash completion for limactl. Load it: source <(limactl completion bash)
# Readline splits at : and =; what stands together in the line is one word.
__limactl_words() {
    local line=${COMP_LINE:0:COMP_POINT} rest piece i
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        rest=${line#"${line%%[![:blank:]]*}"}
        piece=${COMP_WORDS[i]}
        ((i < COMP_CWORD)) || piece=$rest
        if ((i > 0)) && [ "$rest" = "$line" ]; then
            words[${#words[@]} - 1]+=$piece
        else
            words+=("$piece")
        fi
        line=${rest#"$piece"}
    done
}
__limactl_complete() {
    local words current quote breaks prefix="" out directive line
    __limactl_words
    current=${words[${#words[@]} - 1]}
    quote=
    case $current in
        [\'\"]*) quote=${current:0:1} current=${current:1} ;;
        *) current=${current//\\/} ;;
    esac
    out=$("${words[0]}" @COMMAND@ "${words[@]:1:${#words[@]}-2}" "$current" 2>/dev/null) || return
    directive=${out##*:}
    out=${out%:*}
    # Outside of quotes only what is behind the last : or = is replaced.
    breaks=${COMP_WORDBREAKS//[^:=]/}
    if [ -z "$quote" ] && [ -n "$breaks" ] && [[ $current == *["$breaks"]* ]]; then
        prefix=${current%"${current##*["$breaks"]}"}
    fi
    COMPREPLY=()
    local IFS=$'\n'
    for line in $out; do
        line=${line%%$'\t'*}
        line=${line#"$prefix"}
        [ -n "$quote" ] || printf -v line %q "$line"
        COMPREPLY+=("$line")
    done
    (((directive & 2) != 0)) && compopt -o nospace
    if (((directive & 4) == 0)) && [ "${#COMPREPLY[@]}" -eq 0 ]; then
        compopt -o default
    fi
}
complete -F __limactl_complete limactl
)SH";

constexpr const char* kZsh = R"SH(#compdef limactl
# zsh completion for limactl. Load it: source <(limactl completion zsh)
_limactl() {
    local out directive line
    local -a candidates
    out=$("${words[1]}" @COMMAND@ "${(@)words[2,CURRENT]}" 2>/dev/null) || return
    directive=${out##*:}
    for line in ${(f)${out%:*}}; do
        candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    if (( $#candidates )); then
        if (( directive & 2 )); then
            _describe -V limactl candidates -S ''
        else
            _describe -V limactl candidates
        fi
    fi
    (( directive & 4 )) || _files
}
compdef _limactl limactl
)SH";

constexpr const char* kFish =
    R"SH(# fish completion for limactl. Load it: limactl completion fish | source
function __limactl_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l out ($words[1] @COMMAND@ $words[2..-1] 2>/dev/null)
    or return
    set -l directive (string replace ':' '' -- $out[-1])
    if test (count $out) -gt 1
        string join \n -- $out[1..-2]
    else if test (math "bitand($directive, 4)") -eq 0
        __fish_complete_path (commandline -ct)
    end
end
complete -c limactl -f -a '(__limactl_complete)'
)SH";

constexpr const char* kPowershell =
    R"SH(# PowerShell completion for limactl. Load it: limactl completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName limactl -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
    if ($wordToComplete -eq '') { $words += '' }
    $program = $commandAst.CommandElements[0].ToString()
    & $program @COMMAND@ @words 2>$null | Where-Object { $_ -notmatch '^:\d+$' } | ForEach-Object {
        $value, $text = $_ -split "`t", 2
        if (-not $text) { $text = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $text)
    }
}
)SH";

}  // namespace

Result<std::string> completion_script(const std::string& shell, bool descriptions) {
    const char* script = shell == "bash"         ? kBash
                         : shell == "zsh"        ? kZsh
                         : shell == "fish"       ? kFish
                         : shell == "powershell" ? kPowershell
                                                 : nullptr;
    if (script == nullptr) {
        return failf(Code::kInvalidArgument, "unknown shell {}", name_quote(shell));
    }
    return replace_all(script, "@COMMAND@", descriptions ? "__complete" : "__completeNoDesc");
}

}  // namespace lima::cli
