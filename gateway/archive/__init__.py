"""Recordings on disk: ``.pamrec`` tracks, their manifests, verification and export."""
