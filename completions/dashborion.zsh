#compdef dashborion

_dashborion_completion() {
    local value help
    local -a offered
    while IFS=$'\t' read -r value help; do
        if [[ "$value" == ":files" ]]; then
            compset -P 1 '-*='
            _files
            return
        fi
        value="${value//\\/\\\\}"
        offered+=("${value//:/\\:}${help:+:$help}")
    done < <(env _TYPER_COMPLETE_ARGS="${(j: :)words[1,$CURRENT]}" \
             _DASHBORION_COMPLETE=complete_zsh "${words[1]}" 2>/dev/null </dev/null)
    if (( ${#offered} )); then
        _describe -V values offered
    fi
}

if [[ "${funcstack[1]}" == "_dashborion" ]]; then
    _dashborion_completion "$@"
else
    compdef _dashborion_completion dashborion
fi
