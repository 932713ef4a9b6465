"""Manifests of OpenSSF model signing: the digest of every file of a version, as it was signed.

`manifest` a sigstore bundle of any release · `hashing` digests of large files in instalments · `comparing` the
manifest with the files on disk · `provenance` the port. No signature is verified: that needs keys and a trust root.
"""
