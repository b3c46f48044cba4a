"""``python -m logparse`` is the command line."""

from logparse.cli import main

if __name__ == "__main__":
    main()
