
#compdef dashborion

_dashborion_completion() {
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _DASHBORION_COMPLETE=complete_zsh dashborion)
}

compdef _dashborion_completion dashborion

