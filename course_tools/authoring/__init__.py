"""What authors need: the committed notebooks, the reference runs, the rules that a lesson keeps."""
