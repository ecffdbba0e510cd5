"""Reports as pure data: facts of a period in, a one-page document in one language out."""
