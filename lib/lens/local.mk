# lib/lens
