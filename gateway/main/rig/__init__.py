"""The rig on which `vigie demo` shows the product: broker, certificates, mail sink, files and children."""
