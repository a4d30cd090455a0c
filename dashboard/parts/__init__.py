"""What pages share: figures, tables, controls, charts, reasons, remarks, downloads, progress."""
