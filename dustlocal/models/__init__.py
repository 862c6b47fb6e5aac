"""The models that DustLocal uses: how they get onto this machine."""
