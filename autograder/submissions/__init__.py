"""From whatever students and LMSs deliver to the answers in it: files, cells, roster, lateness, older releases."""
