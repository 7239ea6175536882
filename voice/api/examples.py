"""Requests and answers as the schema shows them."""

from typing import Any

from voice.audio.formats import FORMATS, bitrates_kbps

SAMPLE_ID = "0b9d6f3e-5f0f-4c9e-9d0c-0f6f6f1b7a11"
MODEL_ID = "5a0f8f34-9d7d-4a53-8a0e-2f6f0f0a6c22"
SYNTHESIS_ID = "c7f2b6a8-3e0b-47f1-8b1c-6f1f2a9d3d33"
TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl"  # noqa: S105 (signed by nobody)
REQUEST_ID = "7f0f4f0e6d2b4b8f9a3c5d1e0b6a9c44"
CREATED_AT = "2026-11-22T12:00:00Z"
QUEUED = {"queue_position": 3, "estimated_wait_s": 4.2}

USER: dict[str, Any] = {
    "id": "9a1d3c5e-7b9f-4a2c-8e4d-6f8a0b2c4d55",
    "username": "ada",
    "email": "ada@example.com",
    "created_at": CREATED_AT,
}
REGISTER_REQUEST = {"username": "ada", "password": "correct horse battery staple", "email": "ada@example.com"}
TOKEN_REQUEST = {"username": "ada", "password": "correct horse battery staple"}
REFRESH_REQUEST = {"refresh": TOKEN}
TOKEN_PAIR = {"access": TOKEN, "refresh": TOKEN}
REGISTERED = {"user": USER, **TOKEN_PAIR}

QUIETER_ROOM = "Record in a quieter room, closer to the microphone, with fans and air conditioning off."
SAMPLE: dict[str, Any] = {
    "id": SAMPLE_ID,
    "status": "ready",
    "progress": 1.0,
    "phase": None,
    "queue_position": None,
    "estimated_wait_s": None,
    "error": None,
    "created_at": CREATED_AT,
    "updated_at": "2026-11-22T12:00:02Z",
    "name": "Episode 12, intro",
    "language": "en",
    "format": "flac",
    "size_bytes": 812_344,
    "duration_s": 31.4,
    "rate_hz": 44_100,
    "channels": 1,
    "speech_duration_s": 27.9,
    "quality": {
        "score": 86.5,
        "parts": {
            "snr": {"value": 22.898, "unit": "dB", "score": 67.6, "advice": QUIETER_ROOM},
            "clipping": {"value": 0.0, "unit": "%", "score": 100.0, "advice": None},
            "speech_share": {"value": 95.7489, "unit": "%", "score": 100.0, "advice": None},
            "bandwidth": {"value": 7350.0, "unit": "Hz", "score": 82.3, "advice": None},
            "level": {"value": -22.3581, "unit": "LUFS", "score": 100.0, "advice": None},
            "length": {"value": 38.29, "unit": "s", "score": 92.8, "advice": None},
        },
        "advice": [QUIETER_ROOM],
    },
    "blocked": False,
    "blocked_reason": None,
    "links": {"self": f"/api/voice/samples/{SAMPLE_ID}", "audio": f"/api/voice/samples/{SAMPLE_ID}/audio"},
}
SAMPLE_ACCEPTED = {
    **SAMPLE,
    "status": "uploaded",
    "progress": 0.0,
    **QUEUED,
    "updated_at": CREATED_AT,
    "speech_duration_s": None,
    "quality": None,
    "links": {**SAMPLE["links"], "audio": None},
}
UPLOAD_REQUEST = {"audio": "(the bytes of a WAV, MP3 or FLAC file)", "name": "Episode 12, intro", "language": "en"}

CLONE_REQUEST = {"sample_id": SAMPLE_ID, "name": "My Voice", "language": "en"}
MODEL: dict[str, Any] = {
    "id": MODEL_ID,
    "status": "ready",
    "progress": 1.0,
    "phase": None,
    "queue_position": None,
    "estimated_wait_s": None,
    "error": None,
    "created_at": CREATED_AT,
    "updated_at": "2026-11-22T12:00:04Z",
    "name": "My Voice",
    "language": "en",
    "engine": "embedded",
    "sample_ids": [SAMPLE_ID],
    "quality": {"similarity": 0.94},
    "blocked": False,
    "blocked_reason": None,
    "links": {"self": f"/api/voice/models/{MODEL_ID}", "history": f"/api/voice/history?model_id={MODEL_ID}"},
}
MODEL_ACCEPTED = {**MODEL, "status": "pending", "progress": 0.0, **QUEUED, "updated_at": CREATED_AT, "quality": None}

SYNTHESIZE_REQUEST = {"model_id": MODEL_ID, "text": "Hello, world!", "output_format": "mp3"}
SYNTHESIS: dict[str, Any] = {
    "id": SYNTHESIS_ID,
    "status": "completed",
    "progress": 1.0,
    "phase": None,
    "queue_position": None,
    "estimated_wait_s": None,
    "error": None,
    "created_at": CREATED_AT,
    "updated_at": "2026-11-22T12:00:01Z",
    "model_id": MODEL_ID,
    "model_name": "My Voice",
    "text": "Hello, world!",
    "language": "en",
    "output_format": "mp3",
    "bitrate_kbps": None,
    "speed": 1.0,
    "seed": 0,
    "options": {},
    "duration_s": 1.12,
    "size_bytes": 9_405,
    "rate_hz": 24_000,
    "processing_s": 0.2,
    "completed_at": "2026-11-22T12:00:01Z",
    "links": {
        "self": f"/api/voice/history/{SYNTHESIS_ID}",
        "audio": f"/api/voice/history/{SYNTHESIS_ID}/audio",
        "cancel": f"/api/voice/history/{SYNTHESIS_ID}/cancel",
    },
}
SYNTHESIS_ACCEPTED = {
    **SYNTHESIS,
    "status": "queued",
    "progress": 0.0,
    **QUEUED,
    "updated_at": CREATED_AT,
    "duration_s": None,
    "size_bytes": None,
    "rate_hz": None,
    "processing_s": None,
    "completed_at": None,
    "links": {**SYNTHESIS["links"], "audio": None},
}
SYNTHESIS_CANCELLED = {**SYNTHESIS_ACCEPTED, "status": "cancelled", "queue_position": None, "estimated_wait_s": None}

LANGUAGES_ANSWER = {"languages": [{"code": "en", "name": "English", "engines": ["embedded"]}]}
ENGINES_ANSWER = {
    "engines": [
        {
            "name": "embedded",
            "is_available": True,
            "is_default": True,
            "version": "1",
            "languages": ["de", "en"],
            "options": [
                {
                    "name": "clarity",
                    "minimum": 0.2,
                    "maximum": 0.5,
                    "default": 0.35,
                    "description": "Lower is closer to the speaker, higher is easier to understand.",
                }
            ],
            "reason": None,
        }
    ]
}
LIMITS_ANSWER = {
    "limits": {
        "max_voice_file_size_bytes": 10_485_760,
        "min_voice_duration_s": 10.0,
        "max_voice_duration_s": 300.0,
        "max_synthesis_text_length": 5000,
        "max_samples_per_model": 20,
        "max_wait_s": 60,
        "writes_per_hour": 20,
        "max_unfinished_jobs": 100,
        "audio_formats": ["wav", "mp3", "flac"],
        "output_formats": list(FORMATS),
        "bitrates_kbps": bitrates_kbps(),
    },
    "usage": {"samples": 2, "models": 1, "syntheses": 14, "speech_s": 310.2},
    "rate_limit": {"limit": 20, "remaining": 17, "reset_s": 1580},
}
READY_ANSWER = {"status": "ok", "checks": {"database": "ok", "redis": "ok", "storage": "ok", "worker": "ok"}}
