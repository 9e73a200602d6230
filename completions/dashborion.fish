function _dashborion_completion
    set -l given (env _TYPER_COMPLETE_ARGS=(commandline -cp | string collect) \
        _DASHBORION_COMPLETE=complete_fish dashborion 2>/dev/null </dev/null)
    if test "$given[1]" = ":files"
        __fish_complete_path (commandline -ct | string replace -r -- '^-[^=]*=' '')
    else
        printf '%s\n' $given
    end
end

complete --command dashborion --no-files --keep-order --arguments "(_dashborion_completion)"
