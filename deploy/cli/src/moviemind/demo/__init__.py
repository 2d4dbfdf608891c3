"""The guided tour: the product's promises, shown on a system of its own, and checked."""
