"""What registers of VAT say of companies' numbers: what VIES and the Polish white list have in common."""
