def run(make, words, flags): return 0
