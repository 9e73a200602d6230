_dashborion_completion() {
    local IFS=$' \t\n' line="${COMP_LINE:0:COMP_POINT}" word given split=""
    local -a words
    read -ra words <<< "$line"
    word="${line##*[[:blank:]]}"
    if [ -z "$word" ]; then words+=(""); fi
    # Bash replaces what stands behind the last of its own breaks, not the whole word.
    case "$word" in
        *["$COMP_WORDBREAKS"]*) split="${word%"${word##*[$COMP_WORDBREAKS]}"}" ;;
    esac
    COMPREPLY=()
    while IFS= read -r given; do
        if [ "$given" = ":files" ]; then
            if type compopt >/dev/null 2>&1; then compopt -o filenames; fi
            while IFS= read -r given; do
                COMPREPLY+=("$given")
            done < <(compgen -f -- "${word#"$split"}")
            return 0
        fi
        case "$split" in
            -*=) ;;
            -*=*) given="${split%%=*}=$given"; given="${given#"$split"}" ;;
            *) given="${given#"$split"}" ;;
        esac
        # A name may be code to a shell. Inside quotes that were begun it cannot be made harmless.
        case "$given" in
            *[!A-Za-z0-9_./:@%+=,-]*)
                case "$word" in *[\'\"\`\$]*) continue ;; esac
                printf -v given %q "$given" ;;
        esac
        COMPREPLY+=("$given")
    done < <(COMP_WORDS="$line" COMP_CWORD=$((${#words[@]} - 1)) \
             _DASHBORION_COMPLETE=complete_bash "$1" 2>/dev/null </dev/null)
    return 0
}

complete -F _dashborion_completion dashborion
