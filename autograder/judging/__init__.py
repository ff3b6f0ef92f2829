"""From an answer to a verdict: running it in a kernel, observing it, judging it outside."""
