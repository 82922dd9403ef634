"""From the view to the objects that the local mesh obeys; pure."""
