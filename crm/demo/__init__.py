"""Made-up data of a jeweller's workshop and its Polish and Belgian customers, for trying the product."""
