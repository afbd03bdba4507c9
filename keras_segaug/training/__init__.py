"""What a training run needs beside the layers: replay from files, callbacks."""
