"""Images, clusters, and the exact versions of packages."""
