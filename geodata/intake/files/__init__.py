"""Bytes to tables: texts, workbooks and maps, read with bounds; what their cells mean is told by `geodata.intake`."""
