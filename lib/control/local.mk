# lib/control
