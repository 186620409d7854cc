// The fan charts of tomorrow, in #forecast-volume.
