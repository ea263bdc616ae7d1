"""What gunicorn answers with: no thread waits for whoever sends or reads slowly."""
