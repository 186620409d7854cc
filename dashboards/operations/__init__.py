"""What the API can be asked, part by part."""
