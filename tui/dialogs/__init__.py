"""What is asked on top of a screen: forms, choices, confirmations, the help."""
