"""`python -m gateway.main` is the `vigie` command, wherever it was installed."""

from gateway.main.cli import main

if __name__ == "__main__":
    main()
