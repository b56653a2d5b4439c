"""What is publicly known of rows before any is read: types, bounds, domains, widths, costs."""
