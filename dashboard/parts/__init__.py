"""What pages share: figures, tables, controls, charts, reasons, downloads, progress."""
