"""The model: checkpoints, modules, variables, and the engines that compute vectors."""
