function _dashborion_completion
    set -l given (env _TYPER_COMPLETE_ARGS=(commandline -cp | string collect) \
        _DASHBORION_COMPLETE=complete_fish dashborion 2>/dev/null </dev/null)
    if test "$given[1]" = ":files"
        set -l option (commandline -ct | string match -r -- '^-[^=]*=')
        set -l path (commandline -ct | string replace -r -- '^-[^=]*=' '')
        string join \n -- "$option"(__fish_complete_path "$path")
    else
        printf '%s\n' $given
    end
end

complete --command dashborion --no-files --keep-order --arguments "(_dashborion_completion)"
